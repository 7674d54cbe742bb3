/** One engine per process: the executor, the kernel on it, and the orderly end of both. */

import { HeddleError } from "../errors.ts";
import type { Executor, ExecutorKind } from "../executors/executor.ts";
import { checkLabels } from "../executors/needs.ts";
import { type OpenOptions, openExecutor } from "../executors/open.ts";
import type { StateCounts } from "../futures/states.ts";
import type { Checkpoint, CheckpointSettings } from "../memo/checkpoint.ts";
import { Memo } from "../memo/memo.ts";
import type { Log } from "../monitoring/log.ts";
import { errorReport } from "../monitoring/report.ts";
import type { SessionStats } from "../native/binding.ts";
import { definedApps, type RetryPolicy } from "../serialize/registry.ts";
import type { StagingSettings } from "../staging/settings.ts";
import { setKernel } from "./current.ts";
import { FileTasks } from "./files.ts";
import { Kernel } from "./kernel.ts";
import { type MonitoringSettings, RunRecord } from "./record.ts";
import { unawaitedFailures } from "./unawaited.ts";

/** What the engine tells its owner. */
export interface EngineEvents {
  /** The fabric ended; everything outstanding has failed. */
  onFatal(error: HeddleError): void;
  /** Rank 0 has closed the session: a serving rank should exit. */
  onClosed(): void;
}

/** One of {@link Engine.executors}. Slots, GPUs and memory (bytes) are those of its first rank. */
export interface ExecutorInfo {
  label: string;
  kind: ExecutorKind;
  ranks: number;
  workers: number;
  processSlots: number;
  nativeSlots: number;
  gpus: number;
  memory: number;
}

/** What it takes to open one. */
export interface EngineOptions extends OpenOptions {
  retries: RetryPolicy | null;
  checkpoint: CheckpointSettings | null;
  staging: StagingSettings;
  monitoring: MonitoringSettings;
}

let opened: "opening" | "open" | null = null;
let mpiUsed = false;

/** A running engine. Made by {@link start}; closing it ends its workers, here and on other ranks. */
export class Engine implements AsyncDisposable {
  /** @internal */
  readonly kernel: Kernel;
  readonly #executor: Executor;
  readonly #record: RunRecord;
  readonly #onExit: (code: number) => void;
  readonly #onUncaught: (error: unknown) => void;
  /** A rank is gone: MPI cannot be ended in order any more. */
  #lost = false;
  #closing: Promise<void> | null = null;
  #checkpoint: Checkpoint | null = null;

  /** @internal */
  constructor(executor: Executor, events: EngineEvents, options: EngineOptions) {
    this.#executor = executor;
    this.kernel = new Kernel(executor, {
      onFatal: (error) => {
        this.#lost = error.code === "ERR_RANK_LOST";
        this.log.error("the fabric ended", { error });
        events.onFatal(error);
      },
      onClosed: () => events.onClosed(),
      onOverdue: (worker) => {
        this.log.info("a task exceeded its walltime: its worker is replaced", { worker });
        executor.endOverdue(worker);
      },
    });
    this.#record = new RunRecord(this.kernel, options);
    // The last chance: an end without it is silent under some launchers, and leaves ranks behind under others.
    this.kernel.memo = new Memo(null, (work) => this.kernel.track(work));
    this.kernel.files = new FileTasks(this.kernel, options.staging);
    this.#onExit = (code) => {
      this.tellUnawaited();
      this.#record.close(`ended with code ${code}`);
      if (code === 0 && !this.#lost) executor.closeNow();
      else executor.abort(code || 1);
    };
    process.on("exit", this.#onExit);
    // Node.js tells of an uncaught error after "exit", and there MPI has ended this process already.
    this.#onUncaught = (error) => {
      if (executor.kind !== "mpi") return;
      const where = `rank ${executor.rank} (${executor.hostname})`;
      process.stderr.write(`heddle: ${where} ends by an error that nothing caught: ${errorReport(error)}\n`);
    };
    process.on("uncaughtExceptionMonitor", this.#onUncaught);
    setKernel(this.kernel);
  }

  get kind(): ExecutorKind {
    return this.#executor.kind;
  }

  /** Rank of this process; 0 unless started by mpiexec or srun. */
  get rank(): number {
    return this.#executor.rank;
  }

  /** Number of ranks. */
  get ranks(): number {
    return this.#executor.ranks;
  }

  get hostname(): string {
    return this.#executor.hostname;
  }

  /** JS workers of this rank. */
  get workers(): number {
    return this.#executor.workers;
  }

  /** The executors of this program, by label. Ranks above 0 know of that whose ranks they are. */
  get executors(): ExecutorInfo[] {
    return this.#executor.members.map(({ label, executor: { kind, ranks, slots, capacities } }) => {
      const { gpus = 0, memory = 0 } = capacities[0] ?? {};
      const { js: workers, process: processSlots, native: nativeSlots } = slots;
      return { label, kind, ranks, workers, processSlots, nativeSlots, gpus, memory };
    });
  }

  /** Where this run writes what it does; null: nowhere (option `runDir`), or another rank does. Absolute. */
  get runDir(): string | null {
    return this.#record.folder;
  }

  /** Writes lines into the log of the run (option `log`). */
  get log(): Log {
    return this.#record.log;
  }

  /** @internal The executor, for benches. */
  get executor(): Executor {
    return this.#executor;
  }

  /** What this rank did so far. */
  stats(): SessionStats {
    return this.#executor.stats();
  }

  /** What each rank did so far; asks every rank, and blocks for a moment. */
  gatherStats(): SessionStats[] {
    return this.#executor.gatherStats();
  }

  /**
   * Resolves when no call and no map is outstanding.
   *
   * @returns Calls of this program so far, by state. Maps are not in it.
   */
  async wait(): Promise<StateCounts> {
    await this.kernel.whenIdle();
    return this.kernel.counts();
  }

  /** Resolves when no call and no map is outstanding. */
  whenIdle(): Promise<void> {
    return this.kernel.whenIdle();
  }

  /**
   * Ends the engine: what is outstanding fails with ERR_CLOSED, workers and other ranks end. Calls that failed and whose futures nobody has looked at
   * are told on standard error. Outputs that finished calls have made are brought to their places for as long as the option `stall` says; what is not
   * there then fails too. Twice is once. Where a rank was lost
   * (ERR_RANK_LOST) MPI cannot be ended in order: then this ends all ranks, and this process too, with code 1.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.kernel.files?.finishOutputs(this.#lost ? 0 : undefined);
    if (!this.#lost) await Promise.all(this.kernel.beforeClose.map((prepare) => prepare()));
    this.tellUnawaited();
    this.kernel.shut();
    setKernel(null);
    await this.kernel.files?.end();
    await this.kernel.memo?.settled();
    const unkept = (await this.#checkpoint?.close()) ?? null;
    if (unkept !== null) this.log.error("results were not kept", { reason: unkept.message });
    this.#record.close("closed");
    if (this.#lost) this.#executor.abort(1);
    await this.#executor.close();
    process.off("exit", this.#onExit);
    process.off("uncaughtExceptionMonitor", this.#onUncaught);
    opened = null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Writes results to the checkpoint that are not there yet.
   *
   * @returns Resolves when every result that the program has received so far survives the end of this process.
   * @throws {@link HeddleError} `ERR_CHECKPOINT` where it cannot be written; `ERR_CONFIG` where the program has none.
   */
  async checkpoint(): Promise<void> {
    if (this.#checkpoint !== null) {
      await this.kernel.memo?.settled();
      return await this.#checkpoint.save();
    }
    const hint = "start with a checkpoint: run(body, { checkpoint: true })";
    throw new HeddleError("ERR_CONFIG", "engine.checkpoint() was called, and there is no checkpoint.", hint);
  }

  /** @internal */
  keep(checkpoint: Checkpoint): void {
    this.#checkpoint = checkpoint;
    this.kernel.memo = new Memo(checkpoint, (work) => this.kernel.track(work));
  }

  /**
   * @internal Says on standard error, once, what failed without anybody having looked at it.
   *
   * @param told - What the program ends with, which was told already.
   */
  tellUnawaited(told: unknown = null): void {
    const error = this.rank === 0 ? unawaitedFailures(told) : null;
    if (error === null) return;
    process.stderr.write(`heddle: ${errorReport(error)}\n`);
    this.log.error("failures were never awaited", { error });
  }

  /** @internal Ends children and the whole job at once. */
  abort(exitCode: number): void {
    this.tellUnawaited();
    this.#record.close(`ended with code ${exitCode}`); // MPI may end this process from within.
    this.#executor.abort(exitCode);
  }
}

/** Opens the engine of this process. Throws ERR_ALREADY_STARTED when there is one. */
export async function openEngine(by: string, options: EngineOptions, events: EngineEvents): Promise<Engine> {
  if (mpiUsed && opened === null) {
    throw new HeddleError(
      "ERR_ALREADY_STARTED",
      `${by} was called after an engine under MPI was closed; MPI starts once in a process.`,
      "keep the first engine open for as long as it is needed",
    );
  }
  if (opened !== null) {
    throw new HeddleError(
      "ERR_ALREADY_STARTED",
      `${by} was called, but this process has an engine already.`,
      "share the first one, or close it before the next start(); run() happens once in a program",
    );
  }
  opened = "opening";
  try {
    const labels = options.executors.map(({ label }) => label);
    for (const { name, placement } of definedApps()) checkLabels(name, placement.executors ?? [], labels);
    const executor = await openExecutor(options);
    const engine = await newEngine(executor, events, options);
    engine.kernel.retries = options.retries;
    if (options.checkpoint !== null && engine.rank === 0) await openCheckpoint(engine, options.checkpoint);
    opened = "open";
    mpiUsed = engine.kind === "mpi";
    return engine;
  } catch (error) {
    opened = null;
    throw error;
  }
}

async function newEngine(executor: Executor, events: EngineEvents, options: EngineOptions): Promise<Engine> {
  try {
    return new Engine(executor, events, options);
  } catch (error) {
    await executor.close();
    throw error;
  }
}

async function openCheckpoint(engine: Engine, settings: CheckpointSettings): Promise<void> {
  try {
    const { Checkpoint } = await import("../memo/checkpoint.ts"); // With LMDB, which few programs need.
    engine.keep(new Checkpoint(settings));
    engine.log.info("checkpoint opened", { path: settings.path, mode: settings.mode });
  } catch (error) {
    await engine.close();
    throw error;
  }
}
