/** A JS worker's end of the run-queue, as the addon has it. */

import type { ElementType, ReduceOp, TypedColumn } from "./binding.ts";

/** Everything a worker must know of the batch of its chunk, but its number: batches that differ in nothing else share it. */
export interface BatchInfo {
  app: string;
  owner: number;
  args: "index" | "fixed" | "packed";
  start: number;
  step: number;
  columns: ElementType[] | null;
  spread: boolean;
  /** The first of a task's arguments is its number. */
  prefixed: boolean;
  results: "collect" | "discard" | "reduce";
  element: ElementType | null;
  op: ReduceOp | null;
  reducer: string | null;
  seed: bigint;
  /** Of each task; and whether it holds tokens. */
  cores: number;
  gpus: number;
  tokens: boolean;
}

/** Return values of `WorkerPort.next`. */
export const Next = { none: 0, chunk: 1, closed: 2 } as const;

/** Slots of `WorkerPort.info`, filled by `next`. */
export const ChunkInfo = { kindKey: 0, first: 1, last: 2, argsBytes: 3, argsCapacity: 4, sequence: 5 } as const;

/**
 * A JS worker's end of the run-queue. All calls are synchronous and on the worker's own thread.
 * `info`, `args`, `current` are memory that the addon reads and writes directly.
 */
export interface WorkerPort {
  /** Waits at most `waitMs` for a chunk: spins first, then sleeps. */
  next(waitMs: number): number;
  /** See ChunkInfo. */
  readonly info: Float64Array;
  /** Memory that holds the arguments of the chunk, `info[argsBytes]` long. Fetch again after `next` if `info[argsCapacity]` is not its length. */
  readonly args: Uint8Array;
  /** [0]: index of the task that is running now; kept by the worker before each task so that a crash can be attributed. -1: none. */
  readonly current: Float64Array;
  /** GPUs that the chunk's tasks asked for. */
  readonly devices: string[];
  /** What is known of the chunk's batch, the same for every batch with this `kindKey`. */
  batch(key: number): BatchInfo;
  /** The whole chunk is done, with results in `column` (its first `last - first` elements), or none (discard). */
  finishColumn(column: TypedColumn | null): void;
  /** The whole chunk is done, with `length` bytes of msgpack values in `bytes`. */
  finishPacked(bytes: Uint8Array, length: number): void;
  /** The chunk is done in pieces: `records` holds [kind, first, last, offset, length] for each, payloads lie in `bytes`.
   * A "done" record of a column batch takes its elements from `column` at first - chunk first. */
  finishRecords(records: Float64Array, bytes: Uint8Array, column: TypedColumn | null): void;
}

/** The port of a worker thread. */
export interface ThreadPort extends WorkerPort {
  /**
   * Sets the task `index` of the chunk aside, because it waits for tasks of its own; returns its number here. Tasks of the chunk
   * before it are to be finished next, as if they were the whole chunk, if there are any; those behind it run elsewhere.
   */
  park(index: number): number;
  /** The next finish is of the task that was set aside under this number, as if it were the whole chunk. */
  resume(parked: number): void;
}
