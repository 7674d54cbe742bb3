import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Checkpoint, type CheckpointMode } from "./checkpoint.ts";
import { type FinishedRange, RangeLog, seriesKey } from "./ranges.ts";

let folder: string;
let store: Checkpoint;
let log: RangeLog;
const open = (name: string, loadFrom: string[] = [], mode: CheckpointMode = "task"): Checkpoint =>
  new Checkpoint({
    ...{ mode, path: join(folder, name), periodMs: 1e6, loadFrom, durability: "process" },
    ...{ maxBytes: Number.POSITIVE_INFINITY, ttlMs: Number.POSITIVE_INFINITY },
  });
const app = { app: "a", version: "1" };
const series = seriesKey(["s"]);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-ranges-"));
  store = open("kept.mdb");
  log = new RangeLog(app, store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** One byte for each position. */
const range = (first: number, last: number): FinishedRange => ({
  first,
  last,
  bytes: Uint8Array.from({ length: last - first }, (_, k) => first + k),
});
const cut = (all: FinishedRange, part: FinishedRange): Uint8Array =>
  all.bytes.subarray(part.first - all.first, part.last - all.first);
const find = (first: number, last: number, of = series): FinishedRange[] => log.find(of, first, last, cut).found;
const spans = (found: FinishedRange[]): number[][] => found.map(({ first, last }) => [first, last]);
const entries = (): number => [...store.scan("a", "1", series, `${series}\xff`, 1_000)][0]?.entries.length ?? 0;

test("what ends in any order becomes one entry, and parts of it are found", async () => {
  log.begin();
  const order = Array.from({ length: 50 }, (_, k) => (k * 37) % 50);
  for (const [k, first] of order.entries()) {
    log.add(series, range(4 * first - 100, 4 * first - 96), null);
    if (k % 3 === 0) log.flush();
  }
  log.end();
  await store.save();
  expect(entries()).toBe(1);
  expect(find(-200, 200)).toEqual([range(-100, 100)]);
  expect(find(-3, 5)).toEqual([range(-3, 5)]);
  expect(find(100, 200)).toEqual([]);
  expect(find(-100, 100, seriesKey(["t"]))).toEqual([]);
});

test("holes stay, and are found in other checkpoints", async () => {
  for (const first of [0, 20, 40]) log.add(series, range(first, first + 10), null);
  log.flush(true);
  await store.close();
  store = open("other.mdb", [join(folder, "kept.mdb")]);
  log = new RangeLog(app, store);
  log.add(series, range(5, 25), null);
  log.begin();
  expect(spans(find(3, 45))).toEqual([
    [3, 5],
    [5, 25],
    [25, 30],
    [40, 45],
  ]);
});

test("many entries are found some at a time, and entries end at a limit", async () => {
  const large = (first: number): FinishedRange => ({ first, last: first + 1, bytes: new Uint8Array(2 ** 19) });
  for (let k = 0; k < 200; k++) log.add(series, range(2 * k, 2 * k + 1), null);
  for (let k = 1_000; k < 1_004; k++) log.add(series, large(k), null);
  log.flush(true);
  await store.save();
  let at = 0;
  let found = 0;
  let steps = 0;
  while (at < 1_000) {
    const next = log.find(series, at, 1_000, cut);
    found += next.found.length;
    at = next.upTo;
    steps++;
  }
  expect(found).toBe(200);
  expect(steps).toBeGreaterThan(2);
  expect(spans(find(1_000, 2_000))).toEqual([
    [1_000, 1_002],
    [1_002, 1_004],
  ]);
});

test("of what is only done, nothing but that is kept", async () => {
  const done = (first: number, last: number): FinishedRange => ({ first, last, bytes: new Uint8Array(0) });
  log.add(series, done(0, 1e9), null);
  log.add(series, done(1e9, 2e9), null);
  log.flush();
  log.add(series, done(2e9, 2e9 + 1), null);
  log.flush();
  await store.save();
  expect([entries(), find(5, 3e9)]).toEqual([1, [done(5, 2e9 + 1)]]);
});

test.each<CheckpointMode>(["task", "periodic", "exit", "manual"])(
  "with mode %s what was kept is found before it is written, and nothing of it that was merged away",
  async (mode) => {
    await store.close();
    store = open("kept.mdb", [], mode);
    log = new RangeLog(app, store);
    for (const first of [10, 40]) log.add(series, range(first, first + 10), null);
    log.flush();
    await store.save();
    log.add(series, range(0, 10), null);
    log.add(series, range(20, 30), null);
    log.add(seriesKey(["t"]), range(30, 40), null);
    log.flush();
    expect(find(5, 45)).toEqual([range(5, 30), range(40, 45)]);
    expect(log.find(series, 0, 100, cut).upTo).toBe(100);
    expect(entries()).toBe(2);
    await store.close();
    store = open("kept.mdb", [], mode);
    log = new RangeLog(app, store);
    expect(spans(find(0, 100))).toEqual(
      mode === "manual"
        ? [
            [10, 20],
            [40, 50],
          ]
        : [
            [0, 30],
            [40, 50],
          ],
    );
  },
);
