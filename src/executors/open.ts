/** Opens the executor that the environment and the options ask for. */

import { existsSync } from "node:fs";
import { HeddleError } from "../errors.ts";
import { detectLaunch, type Launch, type MpiLaunch, requireAlone } from "../launchers/detect.ts";
import { mpiStarts } from "../launchers/early-end.ts";
import { programEnvironment } from "../launchers/flags.ts";
import type { TokenKind } from "../native/binding.ts";
import { coreLimit, memoryLimit } from "../native/cgroup.ts";
import { numberFrom } from "../native/environment.ts";
import { guardianPath, mpiLibrary } from "../native/load.ts";
import { openSession, type Session } from "../native/session.ts";
import { appEntries } from "../serialize/registry.ts";
import "../worker/fold.ts"; // Every rank must know the app that combines results.
import type { WorkerStart } from "../worker/protocol.ts";
import type { Executor, ExecutorKind, Member } from "./executor.ts";
import { FabricExecutor } from "./fabric.ts";
import { SeveralExecutors } from "./several.ts";
import { WorkerPool } from "./workers.ts";

/** One executor. Past this point every option has its value. */
export interface ExecutorSettings {
  label: string;
  kind: ExecutorKind | "auto";
  /** Null, here and in the next two: the rank's share of its node's cores. */
  workers: number | null;
  processSlots: number | null;
  nativeSlots: number | null;
  bind: boolean;
  devices: string[];
  /** Bytes of each rank; null: its share of what the node has. */
  memory: number | null;
  tokens: TokenKind[];
}

export interface OpenOptions {
  executors: ExecutorSettings[];
  ageingMs: number;
  load: WorkerStart["load"];
  onBroken: (message: string) => void;
}

const SPIN_US = 50; // About twice what waking a sleeping thread costs.
const RANK_LOST_MS = 4_000;

/** What one executor is opened with. */
type OneOptions = ExecutorSettings &
  Omit<OpenOptions, "executors"> & { launch: Launch; nodeMemory: number; coresTaken: number[]; coresOwn: number };

/** Opens what there is. On ranks above 0 this too, of what has ranks: the caller then serves. */
export async function openExecutor({ executors, ...rest }: OpenOptions): Promise<Executor> {
  if (executors.every(({ kind }) => kind === "inline")) return await openInline(executors, rest);
  const launch = detectLaunch(programEnvironment());
  const chosen = executors.map((each) => ({ ...each, kind: kindOf(each, launch) }));
  const ofRanks = chosen.filter(({ kind }) => kind === "mpi");
  checkKinds(chosen, ofRanks, launch);
  const here = launch.kind === "mpi" && launch.rank > 0 && ofRanks.length > 0 ? ofRanks : chosen;
  const coresTaken = here.length === 1 ? [] : here.map(({ workers }) => workers ?? 0);
  const nodeMemory = memoryOfEach(here, memoryLimit());
  const members: Member[] = [];
  try {
    for (const [coresOwn, each] of here.entries()) {
      const own = each.kind === "mpi" ? launch : ({ kind: "threads", because: 'executor "threads"' } as const);
      const options = { ...each, ...rest, launch: own, nodeMemory, coresTaken, coresOwn };
      members.push({ label: each.label, executor: await namingIt(here, each.label, () => openOne(options)) });
    }
  } catch (error) {
    for (const { executor } of members) await executor.close();
    throw error;
  }
  const [only] = members;
  return only !== undefined && members.length === 1 ? only.executor : new SeveralExecutors(members, rest.ageingMs);
}

/** Where there are several, an error says which does not start. */
async function namingIt<T>(all: readonly unknown[], label: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (all.length === 1 || !(error instanceof HeddleError)) throw error;
    const message = `The executor "${label}" does not start: ${error.message}`;
    throw new HeddleError(error.code, message, error.hint, { cause: error });
  }
}

/** Bytes for each executor that does not say how much: of what the others leave. Pure. */
export function memoryOfEach(executors: readonly Pick<ExecutorSettings, "memory">[], limit: number): number {
  const taken = executors.reduce((all, { memory }) => all + (memory ?? 0), 0);
  const sharers = executors.filter(({ memory }) => memory === null).length;
  return Math.floor(Math.max(0, limit - taken) / Math.max(1, sharers));
}

/** One for all labels: there is one main thread. */
async function openInline(
  executors: readonly ExecutorSettings[],
  rest: Omit<OpenOptions, "executors">,
): Promise<Executor> {
  requireAlone(programEnvironment(), "inline");
  const { InlineExecutor } = await import("./inline.ts");
  const devices = [...new Set(executors.flatMap((each) => each.devices))];
  const tokens = executors.flatMap((each) => each.tokens);
  const memory = executors[0]?.memory ?? null;
  const labels = executors.map(({ label }) => label);
  return new InlineExecutor(appEntries(), { ...rest, labels, devices, tokens, memory });
}

function kindOf({ kind }: ExecutorSettings, launch: Launch): ExecutorKind {
  return kind === "auto" ? launch.kind : kind;
}

function checkKinds(all: readonly ExecutorSettings[], ofRanks: readonly ExecutorSettings[], launch: Launch): void {
  const named = (some: readonly ExecutorSettings[]): string => some.map(({ label }) => label).join(" and ");
  const inline = all.filter(({ kind }) => kind === "inline");
  if (inline.length > 0) {
    const message = `The executor ${named(inline)} is "inline", and others are not.`;
    throw new HeddleError(
      "ERR_CONFIG",
      message,
      "there is one main thread: for a debugger make all inline, HEDDLE_EXECUTOR=inline",
    );
  }
  if (ofRanks.length > 1) {
    const message = `The executors ${named(ofRanks)} are both "mpi", and a process is in one job.`;
    throw new HeddleError("ERR_CONFIG", message, 'leave kind: "mpi" (or "auto") to one; the others are threads');
  }
  if (ofRanks.length === 0) return requireAlone(programEnvironment(), "threads");
  if (launch.kind === "mpi") return;
  const which = all.length === 1 ? "The executor" : `The executor ${named(ofRanks)}`;
  const message = `${which} is "mpi", but this process was started alone (${launch.because}).`;
  throw new HeddleError(
    "ERR_LAUNCHER",
    message,
    'start it with mpiexec or srun, or `heddle run -n RANKS`; `kind: "auto"` is threads where there is no launcher',
  );
}

async function openOne(options: OneOptions): Promise<Executor> {
  const { launch } = options;
  return openFabric(options, launch, launch.kind === "mpi" ? await libraryFor(launch) : null);
}

function openFabric(options: OneOptions, launch: Launch, library: string | null): FabricExecutor {
  const apps = appEntries();
  const wantsJs = apps.some((app) => app.kind === "js" && !app.name.startsWith("heddle:"));
  const wantsProcesses = apps.some((app) => app.kind === "process");
  const wantsNative = apps.some((app) => app.kind === "native");
  if (launch.kind === "mpi") prepareMpi(launch);
  const session = open(() =>
    openSession({
      transport: launch.kind,
      library,
      expected: launch.kind === "mpi" ? { rank: launch.rank, ranks: launch.ranks } : null,
      jsWorkers: wantsJs ? options.workers : 0,
      processSlots: wantsProcesses ? options.processSlots : 0,
      nativeSlots: wantsNative ? options.nativeSlots : 0,
      coreLimit: coreLimit(),
      bind: options.bind,
      devices: options.devices,
      memory: options.memory ?? 0,
      nodeMemory: options.nodeMemory,
      coresTaken: options.coresTaken,
      coresOwn: options.coresOwn,
      tokens: options.tokens,
      ageingMs: options.ageingMs,
      setsThreads: process.env["OMP_NUM_THREADS"] === undefined,
      guardianPath: wantsProcesses ? guardianPath() : null,
      apps,
      spinUs: numberFrom("HEDDLE_SPIN_US") ?? SPIN_US,
      rankLostMs: numberFrom("HEDDLE_RANK_LOST_MS") ?? RANK_LOST_MS,
    }),
  );
  const { label, load, onBroken } = options;
  const { devices } = session.native.layout;
  const pool = new WorkerPool({ session: session.native, executor: label, devices, load, onBroken });
  return new FabricExecutor(label, launch.kind, session, pool);
}

function open(call: () => Session): Session {
  try {
    return call();
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    const { code, message } = error as { code?: string; message: string };
    throw new HeddleError((code ?? "ERR_INTERNAL") as "ERR_INTERNAL", message, hintFor(code), { cause: error });
  }
}

function hintFor(code: string | undefined): string | null {
  return code?.startsWith("ERR_MPI") ? "`heddle doctor` shows which MPI and which launcher were found" : null;
}

async function libraryFor(launch: MpiLaunch): Promise<string> {
  const known = mpiLibrary(launch.flavour);
  if (known !== null) return known;
  const log = (line: string): void => void process.stderr.write(`heddle: first run under ${launch.flavour}: ${line}\n`);
  try {
    const { buildMpi } = await import("../native/build-mpi.ts");
    await buildMpi({ flavours: [launch.flavour], log }); // Whichever rank is first builds, and says so; the others wait.
  } catch (cause) {
    throw new HeddleError(
      "ERR_MPI_NOT_BUILT",
      `Started under ${launch.flavour} (${launch.because}), whose library is not built, and building it failed: ${(cause as Error).message}`,
      "install that MPI's compiler wrapper and run `npx heddle build-mpi`",
      { cause },
    );
  }
  const built = mpiLibrary(launch.flavour);
  if (built === null || !existsSync(built)) {
    throw new HeddleError(
      "ERR_MPI_NOT_BUILT",
      `The library for ${launch.flavour} is missing after its build.`,
      "run `npx heddle build-mpi`",
    );
  }
  return built;
}

/** Settings that must be in the environment before the MPI library is opened; the user's own win. */
function prepareMpi(launch: MpiLaunch): void {
  mpiStarts();
  const settings =
    launch.flavour === "mpich"
      ? // UCX hooks memory calls, which crashes Node at random, and takes V8's handler of memory faults.
        { UCX_MEM_EVENTS: "n", UCX_HANDLE_ERRORS: "none", UCX_LOG_LEVEL: "error" }
      : // Looking for networks that are not there takes most of Open MPI's start.
        openMpiSettings(launch);
  for (const [name, value] of Object.entries(settings)) process.env[name] ??= value;
  // Hydra tells survivors of a lost rank by SIGUSR1, on which Node would open its debugger's port.
  process.on("SIGUSR1", () => {});
}

function openMpiSettings(launch: MpiLaunch): Record<string, string> {
  const always = { UCX_MEM_EVENTS: "n", UCX_HANDLE_ERRORS: "none", UCX_LOG_LEVEL: "error" };
  const oneNode = launch.localRanks === launch.ranks;
  return oneNode ? { ...always, OMPI_MCA_pml: "ob1", OMPI_MCA_btl: "self,vader,tcp" } : always;
}
