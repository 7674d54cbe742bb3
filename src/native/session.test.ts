import { describe, expect, test } from "vitest";
import type { NativeSession, SubmitOptions } from "./binding.ts";
import { RecordKind } from "./binding.ts";
import { Session } from "./session.ts";
import { NewsKind, NewsRow, SubmitSlot } from "./slots.ts";

const ROWS = 4;
const SMALL = 64;

/** The addon's side of the shared memory: rows given beforehand, submits written down. */
function memory(takes: number[][][] = []) {
  const slots = new Float64Array(SubmitSlot.columns + 8);
  const small = new Uint8Array(SMALL);
  const news = new Float64Array(ROWS * NewsRow.size);
  const payloads = Uint8Array.from({ length: 16 }, (_, k) => k);
  const submitted: { slots: Float64Array; bits: BigUint64Array; small: Uint8Array; arrays: unknown[] }[] = [];
  const native = {
    slots,
    small,
    news,
    payloads,
    submit(...arrays: unknown[]) {
      const kept = slots.slice();
      submitted.push({ slots: kept, bits: new BigUint64Array(kept.buffer), small: small.slice(), arrays });
      return submitted.length;
    },
    takeNews() {
      const rows = takes.shift() ?? [];
      news.set(rows.flat());
      return takes.length > 0 ? -1 - rows.length : rows.length;
    },
    payload: (k: number) => new Uint8Array([100 + k]),
    fatal: () => ({ code: "ERR_RANK_LOST", message: "rank 1 is lost" }),
  };
  return { session: new Session(native as unknown as NativeSession), submitted };
}

const options: SubmitOptions = {
  app: "dock",
  first: 10,
  last: 12,
  args: "packed",
  start: 0,
  step: 1,
  columns: null,
  bytes: new Uint8Array([1, 2, 3, 4, 5]),
  offsets: new Uint32Array([0, 2, 5]),
  spread: true,
  results: "collect",
  element: null,
  op: null,
  reducer: null,
  column: null,
  stream: true,
  seed: 0xffff_ffff_ffff_fff7n,
  walltimeMs: 1500,
  priority: -7,
  placement: "only",
  target: 3,
  need: null,
};

describe("a submit", () => {
  test("is small where bytes and offsets fit, offsets after a multiple of four", () => {
    const { session, submitted } = memory();
    expect(session.submit(options)).toBe(1);
    const { slots, bits, small, arrays } = submitted[0]!;
    expect(arrays).toEqual([null, null, null]);
    expect(slots[SubmitSlot.smallBytes]).toBe(5);
    expect([...small.subarray(0, 5)]).toEqual([1, 2, 3, 4, 5]);
    expect([...new Uint32Array(small.buffer, 8, 3)]).toEqual([0, 2, 5]);
    expect(bits[SubmitSlot.seed]).toBe(options.seed);
    expect([slots[SubmitSlot.first], slots[SubmitSlot.last], slots[SubmitSlot.walltimeMs]]).toEqual([10, 12, 1500]);
    expect([slots[SubmitSlot.priority], slots[SubmitSlot.placement], slots[SubmitSlot.target]]).toEqual([-7, 2, 3]);
  });

  test("gives the arrays themselves where they do not fit", () => {
    const { session, submitted } = memory();
    const bytes = new Uint8Array(SMALL - 11); // With three offsets one byte too many.
    session.submit({ ...options, bytes });
    expect(submitted[0]!.slots[SubmitSlot.smallBytes]).toBe(-1);
    expect(submitted[0]!.arrays).toEqual([bytes, options.offsets, null]);
  });

  test("names the elements of a row by their position", () => {
    const { session, submitted } = memory();
    session.submit({ ...options, args: "fixed", columns: ["f64", "u8"], offsets: null });
    const { slots } = submitted[0]!;
    expect([...slots.subarray(SubmitSlot.columnCount, SubmitSlot.columns + 2)]).toEqual([2, 1, 5]);
  });
});

describe("a drain", () => {
  test("takes until there is no more, and copies payloads out of the shared memory", () => {
    const { session } = memory([
      [
        [RecordKind.packed, 7, 0, 2, 4, 3, 5],
        [RecordKind.done, 7, 2, 9, 0, 0, 1],
      ],
      [
        [RecordKind.failed, 8, 0, 1, -2, 999, 0],
        [NewsKind.finished, 7, 0, 0, 0, 0, 0],
      ],
    ]);
    const { records, finished } = session.drain();
    expect(records.map(({ payload, ...record }) => ({ ...record, payload: payload && [...payload] }))).toEqual([
      { batch: 7, kind: RecordKind.packed, first: 0, last: 2, payload: [4, 5, 6], rank: 5 },
      { batch: 7, kind: RecordKind.done, first: 2, last: 9, payload: null, rank: 1 },
      { batch: 8, kind: RecordKind.failed, first: 0, last: 1, payload: [101], rank: 0 },
    ]);
    expect(finished).toEqual([7]);
  });

  test("tells which tasks run", () => {
    const { session } = memory([[[NewsKind.begun, 7, 12, 3, 0, 0, 5]]]);
    expect(session.drain().begun).toEqual([{ batch: 7, index: 12, worker: 3, rank: 5 }]);
  });

  test("tells what concerns the whole session", () => {
    const { session } = memory([
      [
        [NewsKind.overdue, 3, 0, 0, 0, 0, 0],
        [NewsKind.fatal, 0, 0, 0, 0, 0, 0],
        [NewsKind.closed, 0, 0, 0, 0, 0, 0],
      ],
    ]);
    const fatal = { code: "ERR_RANK_LOST", message: "rank 1 is lost" };
    expect(session.drain()).toEqual({ begun: [], records: [], finished: [], overdue: [3], fatal, closed: true });
    expect(session.drain()).toEqual({ begun: [], records: [], finished: [], overdue: [], fatal: null, closed: false });
  });
});
