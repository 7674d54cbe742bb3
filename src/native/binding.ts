/**
 * What the addon exports, typed. One file, in the order of native/addon/addon.cc; plain data only, and
 * every field present (`null` means "not given", so a forgotten field fails at the boundary).
 */

import type { ThreadPort } from "./port.ts";

/** Names of the numeric columns that cross as typed arrays. */
export type ElementType = "f64" | "f32" | "i32" | "u32" | "u8" | "i64" | "u64";

export type TypedColumn =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

/** Which kind of slot runs the tasks of an app. */
export type WorkerKind = "js" | "process" | "native";

/** Reductions that are computed natively. Floating-point sums combine in a fixed tree over the index, so the
 * result has the same bits however the work was spread. */
export type ReduceOp = "sum" | "min" | "max" | "count";

/** One app as every rank must know it. */
export interface AppEntry {
  name: string;
  kind: WorkerKind;
  /** Hash of everything that must agree between ranks (kind, returns, source). */
  fingerprint: bigint;
  /** For `process`: how a command is made from a task's arguments. */
  command: CommandTemplate | null;
  /** For `native`; null: one of Heddle's own. */
  native: NativeEntry | null;
}

/** A C function of a shared library. */
export interface NativeEntry {
  /** What `loadNative` gave. */
  function: number;
  /** How results of tasks that it spawns merge: by what `loadNative` gave, or as the word says; null: it spawns none. */
  merge: number | MergeOp | null;
  /** Null: bytes. */
  returns: ElementType | null;
}

/** Merges that need no function of the user's own. */
export type MergeOp = "sum" | "min" | "max";

/** A word of a command: literal text and the numbers of the argument strings to put in. */
export type Piece = string | number;

export interface CommandTemplate {
  /** The words of argv. Each placeholder is a number: which of the task's argument strings. `null`: those are argv themselves. */
  words: Piece[][] | null;
  /** One word that `/bin/sh -c` runs; placeholders are quoted for the shell. Then `words` is null. */
  shell: Piece[] | null;
  /** True: `/bin/sh -c` runs the task's first argument string. Then `words` and `shell` are null. */
  shellFromArguments: boolean;
  cwd: Piece[] | null;
  stdin: Piece[] | null;
  /** File that receives the stream; null: kept in memory up to `captureBytes`. */
  stdout: Piece[] | null;
  stderr: Piece[] | null;
  appendStdout: boolean;
  appendStderr: boolean;
  /** Variables added to the environment of the rank. */
  env: [string, Piece[]][];
  /** Bytes of stdout, and of stderr, kept in memory; the rest is counted and dropped. */
  captureBytes: number;
  /** Limit of the whole process tree, ms; 0: none. */
  walltimeMs: number;
  /** Exit codes that are no failure; null: any. */
  okExitCodes: number[] | null;
  /** The result is what it wrote to standard output, as text without its last newline; more than `captureBytes` is a failure. */
  returnsStdout?: true;
}

export interface SessionOptions {
  transport: "threads" | "mpi";
  /** "mpi": the shared library of the flavour that launched this process. */
  library: string | null;
  /** What the launcher said; checked against what MPI says. */
  expected: { rank: number; ranks: number } | null;
  /** Null, here and in the next two: as many as the cores that are this rank's share of its node. */
  jsWorkers: number | null;
  processSlots: number | null;
  nativeSlots: number | null;
  /** Processor time that a cgroup grants; null: no limit. */
  coreLimit: { cores: number; id: bigint } | null;
  /** Cores that each executor of this process takes (0: of what is left, evenly), and which of them this is. One alone: `[]` and 0. */
  coresTaken: number[];
  coresOwn: number;
  /** Each slot is bound to a core of its own, where there are enough. */
  bind: boolean;
  /** GPUs to hand out, shared with ranks of this node that have the same list. */
  devices: string[];
  /** Bytes that tasks of this rank may ask for; 0: its even share of `nodeMemory`. */
  memory: number;
  nodeMemory: number;
  /** In the whole job; at most 8 kinds, the same list on every rank. */
  tokens: TokenKind[];
  /** Waiting that is worth one more of priority, ms; 0: none. */
  ageingMs: number;
  /** Commands are told OMP_NUM_THREADS. */
  setsThreads: boolean;
  guardianPath: string | null;
  apps: AppEntry[];
  /** How long a thread with nothing to do spins before it sleeps, us. */
  spinUs: number;
  /** A rank that nothing was heard of for this long is lost, ms; 0: never. */
  rankLostMs: number;
}

/** A counted thing that exists once for the whole job, such as a software licence. */
export interface TokenKind {
  name: string;
  /** 1 to 65535. */
  count: number;
}

/** What one task takes while it runs. */
export interface Need {
  /** 1 to 65535. */
  readonly cores: number;
  readonly gpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly tokens: readonly Readonly<TokenKind>[];
}

/** What the ranks `[first, last)` have each. */
export interface RankCapacity {
  first: number;
  last: number;
  /** By kind of worker; 0: it has none of that kind. */
  cores: Record<WorkerKind, number>;
  gpus: number;
  /** Bytes. */
  memory: number;
}

/** Which tasks go first, where they run, and what each takes. */
export interface Placement {
  /** Null: one core, and nothing else. */
  need: Need | null;
  /** -1000 to 1000; a rank begins tasks of the highest first. */
  priority: number;
  /**
   * "first": sent to rank `target`, from where others may take them. "only": they run there alone. "on node": any rank of that
   * rank's node is as good.
   */
  placement: "anywhere" | "first" | "only" | "first on node" | "only on node";
  /** A rank; 0 for "anywhere". */
  target: number;
  /** Labels of executors that may take it; none: any. */
  executors?: readonly string[];
}

export interface SubmitOptions extends Placement {
  /** Name of a registered app. */
  app: string;
  /** Absolute indexes of the tasks, `[first, last)`. */
  first: number;
  last: number;
  /** "index": the task's argument is `start + index * step`. "fixed": rows of typed columns. "packed": msgpack
   * values one after the other (for `process`: strings, each a u32 length and its bytes). */
  args: "index" | "fixed" | "packed";
  start: number;
  step: number;
  /** "fixed": the element types of a row, in order; rows are packed without padding. */
  columns: ElementType[] | null;
  /** "fixed": rows; "packed": the bytes. Not copied: must stay unchanged until the batch is done. */
  bytes: Uint8Array | null;
  /** "packed": byte offset of each task, and the end: `last - first + 1` entries. */
  offsets: Uint32Array | null;
  /** True: a packed value (or fixed row) is the array of the call's arguments; false: it is the one argument. */
  spread: boolean;
  /** Before its arguments each task has: a function, with `spread`, its number (`context().index`), which its index in the batch is not; a
   * command what this call sets, packed (see serialize/command-settings.ts). */
  prefixed?: boolean;
  results: "collect" | "discard" | "reduce";
  /** Type of a result; null: any value, msgpack. */
  element: ElementType | null;
  /** "reduce": a native operation, or null and `reducer` is the name of an app. */
  op: ReduceOp | null;
  reducer: string | null;
  /** "collect" with `element`: receives result k at k - first. The batch writes into it from native threads. */
  column: TypedColumn | null;
  /** True: report each finished range at once (for-await, single calls); false: ranges may be merged for some ms. */
  stream: boolean;
  /** True: tell which tasks have been running for a while; see Drained. */
  watched?: boolean;
  /** Seeds `context().random` together with the index. */
  seed: bigint;
  /** Limit per task, ms; 0: none. Enforced for JS by ending the worker thread. */
  walltimeMs: number;
}

/** What became of the tasks `[first, last)` of batch `batch`. */
export interface TaskRecord {
  batch: number;
  kind: RecordKind;
  first: number;
  last: number;
  /** "packed": msgpack values one after the other. "partial": see RecordKind. "failed": one msgpack error. */
  payload: Uint8Array | null;
  /** That ran them, of results. */
  rank: number;
}

export const RecordKind = {
  /** Done; a result, if any, is in the column. */
  done: 0,
  /** Done; payload has one msgpack value per task. */
  packed: 1,
  /** Reduced; payload is one value for the whole range: an element (little-endian, 8 bytes: f64 for f64/f32, i64 for signed and u64
   * for unsigned integers; u64 for count) or one msgpack value where `reducer` is an app. Ranges are aligned blocks whose size is a power of two where the
   * order of combination matters; otherwise whatever was merged. */
  partial: 2,
  /** Failed; the payload is a msgpack map (see serialize/errors.ts). */
  failed: 3,
  /** Done; payload has one element per task. Only in sessions of workers; see `join`. */
  column: 4,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** A task that has been running for 0.1 s or more, on slot `worker` of `rank`. It may have ended meanwhile. */
export interface BegunTask {
  batch: number;
  index: number;
  rank: number;
  worker: number;
}

/** What `drain` gives: records, and what happened to the fabric. */
export interface Drained {
  /** Of batches that are watched. */
  begun: BegunTask[];
  records: TaskRecord[];
  /** Batches whose last task was reported: nothing more comes for them. */
  finished: number[];
  /** JS workers to end, because a task of theirs exceeded its walltime: call terminate(), then workerLost(). */
  overdue: number[];
  /** The fabric ended: a rank was lost, apps do not match... The session is of no more use. */
  fatal: { code: string; message: string } | null;
  /** Rank 0 has closed the session: a serving rank should exit. */
  closed: boolean;
}

export interface SessionStats {
  rank: number;
  ranks: number;
  hostname: string;
  /** Tasks that ran on this rank since the session began. */
  tasksRun: number;
  stealsAsked: number;
  stealsServed: number;
  framesSent: number;
  framesReceived: number;
  bytesSent: number;
}

/** What became of the numbers of slots of this rank. */
export interface SlotLayout {
  jsWorkers: number;
  processSlots: number;
  nativeSlots: number;
  /** GPUs of each JS worker. */
  devices: string[][];
  /** What each rank has, in the order of the ranks. */
  capacities: RankCapacity[];
  /** In the order of their kinds. */
  tokens: TokenKind[];
}

/** The session as the addon has it; `Session` (session.ts) puts it into objects. */
export interface NativeSession {
  readonly id: number;
  readonly rank: number;
  readonly ranks: number;
  readonly hostname: string;
  /** Fixed when the session opens. */
  readonly layout: SlotLayout;
  /** By rank, the lowest rank of its node. */
  nodes(): Uint32Array;
  /** `notify` is called on this thread, soon after there is something to drain; then not again until `drain` was called. */
  onEvents(notify: () => void): void;
  /** See SubmitSlot in slots.ts. */
  readonly slots: Float64Array;
  readonly small: Uint8Array;
  /** Submits what `slots` say, with the arrays of SubmitOptions. Returns the batch's number (counts from 1). */
  submit(bytes: Uint8Array | null, offsets: Uint32Array | null, column: TypedColumn | null): number;
  /** Cheap (no lock): is there something to drain? */
  hasEvents(): boolean;
  /** The same, looking for at most `us` microseconds. */
  waitEvents(us: number): boolean;
  /** While on, `notify` is not called, since the program looks at `hasEvents` by itself; saves it a wake-up per event. After
   * turning it off the program must look at `hasEvents` once more. */
  setPolling(on: boolean): void;
  /** Rows of NewsRow (slots.ts), valid until the next `takeNews`, as are `payloads`: where a row's offset is not negative, its payload lies
   * there; else it is `payload(-1 - offset)`. */
  readonly news: Float64Array;
  readonly payloads: Uint8Array;
  /** Fills `news`; returns the number of rows r, or -1 - r when there is more to take. */
  takeNews(): number;
  payload(k: number): Uint8Array;
  /** What a row of kind `fatal` means. */
  fatal(): { code: string; message: string };
  /** Hands back room for `bytes` of payload that the program has consumed. */
  credit(batch: number, bytes: number): void;
  cancel(batch: number): void;
  /** A JS worker thread ended. If a task was in it, that task fails with this msgpack error, and
   * those that it had set aside with the other. */
  workerLost(worker: number, error: Uint8Array, asideError: Uint8Array): void;
  stats(): SessionStats;
  /** What each rank did since the start, by rank. Asks every rank and blocks, at most `timeoutMs`; a rank that did not
   * answer has zeros. For benches. */
  gatherStats(timeoutMs: number): SessionStats[];
  /** Fabric-thread ping of another rank: round trips in ns, one per repetition; `pauseUs` between two. Blocks. */
  ping(rank: number, repetitions: number, pauseUs: number): Float64Array;
  /** A program error that must end the job: told to rank 0, which reports it. */
  fail(code: string, message: string): void;
  /** Orderly end, collective: rank 0 tells the others. Blocks until done or `timeoutMs`. False: others did not come. */
  close(timeoutMs: number): boolean;
  /** Ends children, then the whole job with this code. Returns only when the job is this process alone. */
  abort(exitCode: number): void;
}

/** How the call of a native app ended. */
export interface NativeOutcome {
  /** The 8 bytes of its number, an f64 or an integer. */
  bits: bigint;
  /** The bytes that it returned, as one msgpack value; null where they were not wanted. */
  bytes: Uint8Array | null;
  /** Not null: it failed, with this msgpack error. */
  error: Uint8Array | null;
}

/** The addon. */
export interface Binding {
  /** Opens the one session of this process; throws Error with `code` on failure. See `openSession`. */
  open(options: SessionOptions): NativeSession;
  /**
   * Called in a worker thread: joins the session, to submit for the tasks of JS worker `worker`. Results with an element type
   * come as records of kind `column` with their bytes; nothing is written to columns.
   */
  join(sessionId: number, worker: number): NativeSession;
  /** Called in a worker thread: joins the session as JS worker `worker`. */
  attach(sessionId: number, worker: number): ThreadPort;
  /** Offsets of the `count` msgpack values that lie in `bytes` from `position` on: `count + 1` entries. */
  scan(bytes: Uint8Array, position: number, count: number, offsets: Uint32Array): void;
  version(): string;
  /** Names of the native apps that every session knows; see native/runtime/native_app.h. For benches and tests. */
  builtinApps(): string[];
  /**
   * Opens a shared library, once in this process, and finds a function of it. Throws Error with `code` ERR_NATIVE_LIBRARY
   * or ERR_NATIVE_SYMBOL, and what the dynamic linker said as its message.
   */
  loadNative(library: string, name: string): number;
  /** Calls it, and all that it spawns, on this thread. */
  callNative(native: NativeEntry, args: Uint8Array, wantsBytes: boolean): NativeOutcome;
  /** Commands per second of a bare C loop that starts `/bin/true` with `inFlight` at a time, for `seconds`. */
  spawnFloor(inFlight: number, seconds: number): number;
  /** Seconds in which so many bare threads are through with `tasks` sleeps of `us` microseconds. Blocks. */
  sleepFloor(threads: number, tasks: number, us: number): number;
  /** Round trips of one word between two bare threads, ns: both look without rest, or, with a pause before each, sleep. Blocks. */
  handoverFloor(repetitions: number, pauseUs: number): Float64Array;
}
