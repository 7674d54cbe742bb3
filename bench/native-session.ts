/** The addon's session without the library around it: what the scheduler can do when no JavaScript stands in its way. */

import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { detectLaunch } from "../src/launchers/detect.ts";
import type { SubmitOptions, TaskRecord } from "../src/native/binding.ts";
import { RecordKind } from "../src/native/binding.ts";
import { guardianPath, mpiLibrary } from "../src/native/load.ts";
import { openSession, type Session } from "../src/native/session.ts";

const defaults: SubmitOptions = {
  app: "heddle:noop",
  first: 0,
  last: 1,
  args: "index",
  start: 0,
  step: 1,
  columns: null,
  bytes: null,
  offsets: null,
  spread: false,
  results: "discard",
  element: null,
  op: null,
  reducer: null,
  column: null,
  stream: false,
  seed: 0n,
  walltimeMs: 0,
  priority: 0,
  placement: "anywhere",
  target: 0,
  need: null,
};

/** All options of a batch, with what is not given filled in. */
export function batch(options: Partial<SubmitOptions>): SubmitOptions {
  return { ...defaults, ...options };
}

/** Opens the session of this process. `slots`: native slots of this rank; null: one per core, or one where cores have a rank each. */
export function openNative(slots: number | null): Session {
  const launch = detectLaunch(process.env);
  const onThreads = launch.kind === "threads";
  return openSession({
    transport: onThreads ? "threads" : "mpi",
    library: onThreads ? null : mpiLibrary(launch.flavour),
    expected: onThreads ? null : { rank: launch.rank, ranks: launch.ranks },
    jsWorkers: 0,
    processSlots: 0,
    nativeSlots: slots ?? slotsOfRank(),
    coreLimit: null,
    bind: false,
    devices: [],
    memory: 0,
    nodeMemory: 0,
    coresTaken: [],
    coresOwn: 0,
    tokens: [],
    ageingMs: 0,
    setsThreads: true,
    guardianPath: guardianPath(),
    apps: [],
    spinUs: 50,
    rankLostMs: 10_000,
  });
}

/** Native slots of a rank where nobody said how many. */
export function slotsOfRank(): number {
  return detectLaunch(process.env).kind === "threads" ? availableParallelism() : 1;
}

/** Serves until rank 0 closes. For ranks above 0. */
export async function serve(session: Session): Promise<void> {
  for (;;) {
    const { fatal, closed } = session.drain();
    if (fatal !== null) throw new Error(`${fatal.code}: ${fatal.message}`);
    if (closed) break;
    await sleep(20);
  }
  session.native.close(10_000);
}

interface Waiting {
  records: TaskRecord[];
  resolve: (records: TaskRecord[]) => void;
  reject: (error: Error) => void;
}

/** Gives a function that submits batches and waits for each; several may be under way. */
export function submitter(session: Session): (options: Partial<SubmitOptions>) => Promise<TaskRecord[]> {
  const waiting = new Map<number, Waiting>();
  let keepAlive: NodeJS.Timeout | undefined; // A session with nothing but native work keeps no process alive.
  session.native.onEvents(() => {
    const { records, finished, fatal } = session.drain();
    for (const record of records) {
      waiting.get(record.batch)?.records.push(record);
      if (record.payload !== null) session.native.credit(record.batch, record.payload.length);
    }
    for (const number of finished) {
      settle(waiting.get(number)!);
      waiting.delete(number);
    }
    if (fatal !== null) {
      for (const { reject } of waiting.values()) reject(new Error(`${fatal.code}: ${fatal.message}`));
      waiting.clear();
    }
    if (waiting.size > 0) return;
    clearInterval(keepAlive);
    keepAlive = undefined;
  });
  return (options) =>
    new Promise((resolve, reject) => {
      keepAlive ??= setInterval(() => {}, 60_000);
      waiting.set(session.submit(batch(options)), { records: [], resolve, reject });
    });
}

function settle({ records, resolve, reject }: Waiting): void {
  const failed = records.find((record) => record.kind === RecordKind.failed);
  if (failed === undefined) resolve(records);
  else reject(new Error(`task ${failed.first} failed: ${Buffer.from(failed.payload ?? []).toString("latin1")}`));
}

/** Runs one task and returns when its batch is finished, looking for it without rest. No `submitter` may be in use. */
export function runOneAwake(session: Session, options: SubmitOptions): void {
  const number = session.submit(options);
  for (;;) {
    while (!session.native.hasEvents());
    const { finished, fatal, records } = session.drain();
    if (fatal !== null) throw new Error(`${fatal.code}: ${fatal.message}`);
    if (records.some((record) => record.kind === RecordKind.failed)) throw new Error("a task failed");
    if (finished.includes(number)) return;
  }
}

/** Sum of the integers of a batch that was reduced. */
export function sumOf(records: readonly TaskRecord[]): bigint {
  let sum = 0n;
  for (const { payload } of records) if (payload !== null) sum += Buffer.from(payload).readBigInt64LE();
  return sum;
}

/** Arguments of `heddle:sum16`: rows of two u64, a scrambled number and the row's index. */
export interface Rows {
  count: number;
  bytes: Uint8Array;
  /** Of the first so many rows, what all tasks give together. */
  sum(count: number): bigint;
}

export function makeRows(count: number): Rows {
  const words = new Uint32Array(4 * count);
  const scrambled = (k: number): number => Math.imul(k, 0x9e3779b1) >>> 8;
  for (let k = 0; k < count; k++) {
    words[4 * k] = scrambled(k);
    words[4 * k + 2] = k;
  }
  const sums = new Map<number, bigint>();
  const sumOfFirst = (rows: number): bigint => {
    let sum = 0; // Below 2^22 * 2^25: exact.
    for (let k = 0; k < rows; k++) sum += scrambled(k) + k;
    return BigInt(sum);
  };
  const sum = (rows: number): bigint => {
    const known = sums.get(rows) ?? sumOfFirst(rows);
    sums.set(rows, known);
    return known;
  };
  return { count, bytes: new Uint8Array(words.buffer), sum };
}
