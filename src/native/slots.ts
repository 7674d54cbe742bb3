/** Where numbers lie in the memory that both sides share: what is submitted, and the news that is drained. */

/** Slots of `NativeSession.slots`, filled before each `submit`: numbers, and 64 bits where it says so. */
export const SubmitSlot = {
  app: 0, // Bits: hash of its name.
  reducer: 1, // Bits; 0: none.
  seed: 2, // Bits.
  first: 3,
  last: 4,
  args: 5, // This and the next three: the position in `submitWords`.
  results: 6,
  element: 7,
  op: 8,
  start: 9,
  step: 10,
  stream: 11, // 1: stream; plus 2: watched.
  spread: 12,
  walltimeMs: 13,
  priority: 14,
  placement: 15, // The position in `submitWords`.
  target: 16,
  cores: 17, // 0: no need beyond a worker; then the next three do not count.
  gpus: 18,
  memory: 19,
  tokens: 20, // One slot for each of 8 kinds.
  smallBytes: 28, // -1: the arrays are given; else so many bytes lie in `small`, and offsets after them, from a multiple of 4 on.
  columnCount: 29,
  columns: 30, // And on.
} as const;

/** Words that cross as numbers. The order is that of native/scheduler/batch.h. */
export const submitWords = {
  args: ["index", "fixed", "packed"],
  results: ["collect", "discard", "reduce"],
  element: ["any", "f64", "f32", "i32", "u32", "u8", "i64", "u64"],
  op: ["app", "sum", "min", "max", "count"],
  placement: ["anywhere", "first", "only", "first on node", "only on node"],
} as const;

/** Slots of a row of `NativeSession.news`, and what a row is besides a record. `begun` has the task in `first`, the worker in `last`. */
export const NewsRow = { kind: 0, batch: 1, first: 2, last: 3, offset: 4, length: 5, rank: 6, size: 7 } as const;
export const NewsKind = { finished: 8, overdue: 9, fatal: 10, closed: 11, begun: 12 } as const;
