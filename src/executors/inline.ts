/**
 * Runs everything on the main thread, one task at a time, for a debugger: `HEDDLE_EXECUTOR=inline`. The same encoding,
 * runner, records and errors as on a fabric of one rank. Two things it cannot do: end a synchronous task that exceeds
 * its walltime, and survive a task that ends the process.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { availableParallelism, hostname } from "node:os";
import type {
  AppEntry,
  BegunTask,
  Drained,
  NativeEntry,
  RankCapacity,
  SessionStats,
  SubmitOptions,
  TaskRecord,
  TokenKind,
} from "../native/binding.ts";
import { RecordKind } from "../native/binding.ts";
import { memoryLimit } from "../native/cgroup.ts";
import { encode } from "../serialize/codec.ts";
import { payloadOf } from "../serialize/errors.ts";
import { findApp } from "../serialize/registry.ts";
import { plain, type Running, setRunning } from "../worker/context.ts";
import { IsolatedProcess } from "../worker/isolated-process.ts";
import type { ProgramStart } from "../worker/protocol.ts";
import { RejectionWatch } from "../worker/rejections.ts";
import { TaskRunner } from "../worker/runner.ts";
import { runCommandTask } from "./commands.ts";
import type { Executor, Member } from "./executor.ts";
import { InlinePort } from "./inline-port.ts";
import { runNativeChunk } from "./native.ts";
import { isolatedCommand } from "./worker-entry.ts";

const CHUNK_MS = 4; // Aim of one chunk: the program's own callbacks wait no longer than this.
const CHUNK_TASKS_MAX = 4_096;
const LOOK_MS = 100; // As `kLookEvery` in native/scheduler/limits.h.

interface Batch {
  number: number;
  options: SubmitOptions;
  priority: number;
  next: number;
  chunk: number;
  cancelled: boolean;
}

interface InlineOptions {
  /** By which apps ask for it. */
  labels?: readonly string[];
  devices?: readonly string[];
  memory?: number | null;
  tokens?: readonly TokenKind[];
  ageingMs?: number;
  /** What processes for isolated tasks load. */
  load?: ProgramStart["load"];
}

export class InlineExecutor implements Executor {
  readonly kind = "inline";
  readonly rank = 0;
  readonly ranks = 1;
  readonly hostname: string = hostname();
  readonly workers = 1;
  readonly slots = { js: 1, process: 1, native: 1 };
  readonly members: readonly Member[];
  readonly capacities: readonly RankCapacity[];
  readonly tokens: readonly TokenKind[];
  readonly #batches: Batch[] = [];
  /** By name. */
  readonly #natives: ReadonlyMap<string, NativeEntry>;
  readonly #gpus: readonly string[];
  readonly #ageingMs: number;
  readonly #isolated: IsolatedProcess;
  readonly #port: InlinePort;
  readonly #inTask = new AsyncLocalStorage<boolean>();
  readonly #runner: TaskRunner;
  readonly #watch: RejectionWatch;
  readonly #onRejection: (reason: unknown, promise: Promise<unknown>) => void;
  #records: TaskRecord[] = [];
  #begun: BegunTask[] = [];
  #finished: number[] = [];
  #notify: () => void = () => {};
  #notified = false;
  #submitted = 0;
  #tasksRun = 0;
  #active = false;
  #closed = false;
  #command: { batch: Batch; stop: () => void } | null = null;

  constructor(
    apps: readonly AppEntry[],
    {
      labels = ["default"],
      devices = [],
      memory = null,
      tokens = [],
      ageingMs = 0,
      load = { modules: [] },
    }: InlineOptions = {},
  ) {
    this.members = labels.map((label) => ({ label, executor: this }));
    this.#gpus = devices;
    this.tokens = tokens;
    this.#ageingMs = ageingMs;
    const all = availableParallelism();
    const cores = { js: all, process: all, native: all };
    this.capacities = [{ first: 0, last: 1, cores, gpus: devices.length, memory: memory ?? memoryLimit() }];
    this.#natives = new Map(apps.flatMap(({ name, native }) => (native === null ? [] : [[name, native]])));
    this.#port = new InlinePort(devices, (record) => this.#report(record));
    const isTask = (): boolean => this.#inTask.getStore() === true;
    const none = { batch: 0, seed: 0n, rank: 0, worker: 0 };
    const running: Running = { cell: this.#port.current, ...none, ...plain(devices, labels[0]), isTask, scope: null };
    setRunning(running);
    this.#watch = new RejectionWatch(this.#port.current);
    const start = {
      rank: 0,
      worker: 0,
      executor: labels[0] ?? "",
      gpus: [...devices],
      load,
      argv: process.argv,
      sourceMaps: false,
    };
    this.#isolated = new IsolatedProcess(isolatedCommand(), start);
    this.#runner = new TaskRunner({ port: this.#port, running, findApp, isolated: this.#isolated, watch: this.#watch });
    this.#onRejection = (reason, promise) => {
      if (this.#runner.rejected(reason, promise)) return;
      throw reason; // The program's own: what Node does by default.
    };
    process.on("unhandledRejection", this.#onRejection);
  }

  nodes(): Uint32Array {
    return Uint32Array.of(0);
  }

  onEvents(notify: () => void): void {
    this.#notify = notify;
  }

  submit(options: SubmitOptions): number {
    this.#submitted++;
    const priority = options.priority - (this.#ageingMs > 0 ? Math.floor(Date.now() / this.#ageingMs) : 0);
    const batch = { number: this.#submitted, options, priority, next: options.first, chunk: 1, cancelled: false };
    const later = this.#batches.findIndex((other) => other.priority < priority);
    this.#batches.splice(later < 0 ? this.#batches.length : later, 0, batch);
    if (options.first === options.last) this.#finishIfDone(batch);
    this.#wake();
    return this.#submitted;
  }

  hasEvents(): boolean {
    return this.#begun.length > 0 || this.#records.length > 0 || this.#finished.length > 0;
  }

  waitEvents(): boolean {
    return this.hasEvents();
  }

  drain(): Drained {
    const news = { begun: this.#begun, records: this.#records, finished: this.#finished };
    this.#begun = [];
    this.#records = [];
    this.#finished = [];
    this.#notified = false;
    return { ...news, overdue: [], fatal: null, closed: false };
  }

  credit(): void {}

  cancel(number: number): void {
    const batch = this.#batches.find((candidate) => candidate.number === number);
    if (batch !== undefined) batch.cancelled = true;
    if (this.#command !== null && this.#command.batch === batch) this.#command.stop();
    this.#wake();
  }

  stats(): SessionStats {
    const none = { stealsAsked: 0, stealsServed: 0, framesSent: 0, framesReceived: 0, bytesSent: 0 };
    return { rank: 0, ranks: 1, hostname: this.hostname, tasksRun: this.#tasksRun, ...none };
  }

  gatherStats(): SessionStats[] {
    return [this.stats()];
  }

  setPolling(): void {}

  endOverdue(): void {}

  async close(): Promise<void> {
    this.abort();
  }

  closeNow(): void {
    this.abort();
  }

  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#command?.stop();
    this.#isolated.close();
    this.#watch.stop();
    process.off("unhandledRejection", this.#onRejection);
    setRunning(null);
  }

  #wake(): void {
    if (this.#active || this.#closed) return;
    this.#active = true;
    setImmediate(() => void this.#work());
  }

  async #work(): Promise<void> {
    let batch = this.#batches[0];
    while (batch !== undefined && !this.#closed) {
      if (batch.cancelled) this.#drop(batch);
      else await this.#step(batch);
      this.#finishIfDone(batch);
      await new Promise((resolve) => setImmediate(resolve));
      batch = this.#batches[0];
    }
    this.#active = false;
  }

  async #step(batch: Batch): Promise<void> {
    const { options } = batch;
    const isCommand = findApp(options.app)?.kind === "process";
    const count = isCommand ? 1 : Math.min(batch.chunk, options.last - batch.next);
    const first = batch.next;
    batch.next += count;
    const startedAt = performance.now();
    if (isCommand) await this.#runCommand(batch, first);
    else {
      this.#port.load(batch.number, options, first, first + count);
      const native = this.#natives.get(options.app);
      const run = (): void | Promise<void> =>
        native === undefined
          ? this.#runner.run()
          : runNativeChunk(this.#port, batch.number, options, { first, last: first + count }, native);
      const pending = this.#inTask.run(true, run);
      if (pending !== undefined) await this.#watched(batch, () => this.#port.current[0] as number, pending);
    }
    this.#tasksRun += count;
    const took = performance.now() - startedAt;
    if (took < CHUNK_MS / 2) batch.chunk = Math.min(2 * batch.chunk, CHUNK_TASKS_MAX);
    else if (took > 2 * CHUNK_MS) batch.chunk = Math.max(1, batch.chunk >> 1);
  }

  /** Waits for `end`. A task that runs at two looks meanwhile is told of, if somebody wants to know. */
  async #watched<T>({ number, options }: Batch, current: () => number, end: Promise<T>): Promise<T> {
    if (options.watched !== true) return await end;
    let seen = -1;
    let told = -1;
    const timer = setInterval(() => {
      const index = current();
      if (index >= 0 && index === seen && index !== told) {
        told = index;
        this.#begun.push({ batch: number, index, rank: 0, worker: 0 });
        this.#signal();
      }
      seen = index;
    }, LOOK_MS).unref();
    try {
      return await end;
    } finally {
      clearInterval(timer);
    }
  }

  async #runCommand(batch: Batch, index: number): Promise<void> {
    const task = runCommandTask(batch.options, index, this.#gpus);
    this.#command = { batch, stop: task.stop };
    const { failed, payload } = await this.#watched(batch, () => index, task.done);
    this.#command = null;
    const kind = failed ? RecordKind.failed : batch.options.results === "discard" ? RecordKind.done : RecordKind.packed;
    this.#report({
      batch: batch.number,
      kind,
      first: index,
      last: index + 1,
      payload: kind === RecordKind.done ? null : Buffer.from(payload),
      rank: 0,
    });
  }

  #drop(batch: Batch): void {
    const { last } = batch.options;
    if (batch.next < last) {
      const payload = Buffer.from(encode(payloadOf("ERR_CANCELLED", "the batch was cancelled", null)));
      this.#report({ batch: batch.number, kind: RecordKind.failed, first: batch.next, last, payload, rank: 0 });
    }
    batch.next = last;
  }

  #finishIfDone(batch: Batch): void {
    if (batch.next < batch.options.last) return;
    this.#batches.splice(this.#batches.indexOf(batch), 1);
    this.#port.forget(batch.number);
    this.#finished.push(batch.number);
    this.#signal();
  }

  #report(record: TaskRecord): void {
    this.#records.push(record);
    this.#signal();
  }

  #signal(): void {
    if (this.#notified) return;
    this.#notified = true;
    setImmediate(() => this.#notify());
  }
}
