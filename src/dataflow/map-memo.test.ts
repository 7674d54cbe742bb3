import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Checkpoint } from "../memo/checkpoint.ts";
import { RangeLog } from "../memo/ranges.ts";
import { RecordKind, type TaskRecord } from "../native/binding.ts";
import { decodeMany, encodeManyShared } from "../serialize/codec.ts";
import { CollectEnd, ColumnEnd } from "./ends.ts";
import { type Arguments, MapMemo } from "./map-memo.ts";

const ROWS = 3 * 4_096;

let folder: string;
let store: Checkpoint;
let log: RangeLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-map-memo-"));
  store = new Checkpoint({
    ...{ mode: "task", path: join(folder, "kept.mdb"), periodMs: 1e6, loadFrom: [], durability: "process" },
    ...{ maxBytes: Number.POSITIVE_INFINITY, ttlMs: Number.POSITIVE_INFINITY },
  });
  log = new RangeLog({ app: "twice", version: "1" }, store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Rows of one number each. */
function piece(valueOf: (k: number) => number): Arguments {
  const bytes = new Uint8Array(Float64Array.from({ length: ROWS }, (_, k) => valueOf(k)).buffer);
  const rows = { start: 0, step: 1, columns: ["f64" as const], bytes, offsets: null, spread: false };
  return { first: 0, last: ROWS, args: "fixed", ...rows };
}
const newMap = (): MapMemo => new MapMemo(log, new ColumnEnd("f64", ROWS), null);
const spans = (parts: Iterable<{ first: number; last: number }>): number[][] =>
  [...parts].map(({ first, last }) => [first, last]);
const partsOf = (map: MapMemo, valueOf: (k: number) => number = (k) => k): Arguments[] =>
  [...map.cut(piece(valueOf))].filter((part): part is Arguments => !("known" in part));
const record = (first: number, last: number): TaskRecord => ({
  ...{ batch: 1, kind: RecordKind.done, first, last, payload: null, rank: 0 },
});
/** Tasks of a part end, with results that are twice their index. */
function ends(map: MapMemo, part: Arguments, first: number, last: number): void {
  const column = Float64Array.from({ length: part.last - part.first }, (_, k) => 2 * (part.first + k));
  map.done(record(first, last), column, part);
}

test("a block whose tasks are all known, done or failed is kept in memory no longer", () => {
  const first = newMap();
  const [whole] = partsOf(first) as [Arguments];
  ends(first, whole, 100, 8_000);
  expect(log.size).toBe(3);
  first.end();
  expect(log.size).toBe(0);

  const resumed = newMap();
  const [head, tail] = partsOf(resumed) as [Arguments, Arguments];
  expect(spans([head, tail])).toEqual([
    [0, 100],
    [8_000, ROWS],
  ]);
  expect(log.size).toBe(3);
  ends(resumed, head, 0, 99);
  resumed.failed(99, head);
  ends(resumed, tail, 8_000, 9_000);
  expect(log.size).toBe(1);
  ends(resumed, tail, 9_000, ROWS);
  expect(log.size).toBe(0);
  resumed.end();
  expect(spans(partsOf(newMap()))).toEqual([[99, 100]]);
});

test("two maps of the same rows at once keep what either has done", () => {
  const [a, b] = [newMap(), newMap()];
  const [[ofA], [ofB]] = [partsOf(a), partsOf(b)] as [[Arguments], [Arguments]];
  ends(a, ofA, 0, 3_000);
  log.flush();
  ends(b, ofB, 1_000, 2_000);
  ends(b, ofB, 2_000, 3_500);
  log.flush();
  ends(b, ofB, 0, 500);
  log.flush();
  a.end();
  b.end();
  const after = newMap();
  expect(spans(partsOf(after))).toEqual([[3_500, ROWS]]);
  const known = [...newMap().cut(piece((k) => k))].filter((part) => "known" in part);
  const values = known.flatMap(({ bytes, first, last }) => [
    ...new Float64Array((bytes as Uint8Array).slice().buffer, 0, last - first),
  ]);
  expect(values).toEqual(Array.from({ length: 3_500 }, (_, k) => 2 * k));
});

test("equal rows in several blocks are one series", () => {
  const map = newMap();
  const [whole] = partsOf(map, (k) => k % 4_096) as [Arguments];
  expect(log.size).toBe(1);
  ends(map, whole, 0, 4_096);
  ends(map, whole, 4_096, 8_192);
  expect(log.size).toBe(1);
  ends(map, whole, 8_192, ROWS);
  expect([log.size, partsOf(newMap(), (k) => k % 4_096)]).toEqual([0, []]);
});

test("results of any kind are cut where two maps overlap", () => {
  const rows = (): MapMemo => new MapMemo(log, new CollectEnd(ROWS), null);
  const [a, b] = [rows(), rows()];
  const [[ofA], [ofB]] = [partsOf(a), partsOf(b)] as [[Arguments], [Arguments]];
  const texts = (first: number, last: number): TaskRecord => ({
    ...record(first, last),
    payload: encodeManyShared(Array.from({ length: last - first }, (_, k) => `of ${first + k}`)).slice(),
  });
  a.done(texts(10, 20), null, ofA);
  b.done(texts(5, 25), null, ofB);
  log.flush();
  const known = [...rows().cut(piece((k) => k))].filter((part) => "known" in part);
  expect(known.flatMap(({ bytes }) => decodeMany(bytes as Uint8Array))).toEqual(
    Array.from({ length: 20 }, (_, k) => `of ${5 + k}`),
  );
  a.end();
  b.end();
});

test("rows are equal whatever the order of their properties, also within arrays and sets", () => {
  const encoded = (values: readonly unknown[]): Arguments => {
    const offsets = new Uint32Array(values.length + 1);
    const bytes = encodeManyShared(values, offsets).slice();
    return {
      first: 0,
      last: values.length,
      args: "packed",
      start: 0,
      step: 1,
      columns: null,
      bytes,
      offsets,
      spread: false,
    };
  };
  const kept = (values: readonly unknown[]): boolean => {
    const map = newMap();
    const [part] = [...map.cut(encoded(values))] as [Arguments];
    if ("known" in part) return true;
    ends(map, part, 0, values.length);
    map.end();
    return false;
  };
  const one = { a: 1, b: [{ c: 2, d: new Set([{ e: 3, f: 4 }]) }] };
  const swapped = { b: [{ d: new Set([{ f: 4, e: 3 }]), c: 2 }], a: 1 };
  expect(kept([7, one])).toBe(false);
  expect(kept([7, swapped])).toBe(true);
  expect(kept([7, { ...one, a: 2 }])).toBe(false);
  expect(kept([one, 7])).toBe(false);
  expect([kept([7, 8]), kept([7, 8]), kept(["78"])]).toEqual([false, true, false]);
});
