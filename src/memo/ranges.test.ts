import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Checkpoint, type CheckpointMode } from "./checkpoint.ts";
import { RangeLog, seriesKey } from "./ranges.ts";
import type { Cut, FinishedRange } from "./series.ts";

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
  log.open(series);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Numbers from 0 to 1, the same each time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** One byte for each position. */
const range = (first: number, last: number): FinishedRange => ({
  first,
  last,
  bytes: Uint8Array.from({ length: last - first }, (_, k) => first + k),
});
const cut: Cut = (all, part) => all.bytes.subarray(part.first - all.first, part.last - all.first);
const find = (first: number, last: number, of = series): FinishedRange[] => log.find(of, first, last, cut).found;
const spans = (found: FinishedRange[]): number[][] => found.map(({ first, last }) => [first, last]);
const entries = (): number => [...store.scan("a", "1", series, `${series}\xff`, 1_000)][0]?.entries.length ?? 0;

test("what ends in any order becomes one entry, and parts of it are found", async () => {
  const order = Array.from({ length: 50 }, (_, k) => (k * 37) % 50);
  for (const [k, first] of order.entries()) {
    log.add(series, range(4 * first - 100, 4 * first - 96), cut);
    if (k % 3 === 0) log.flush();
  }
  log.close(series);
  await store.save();
  expect(entries()).toBe(1);
  expect(find(-200, 200)).toEqual([range(-100, 100)]);
  expect(find(-3, 5)).toEqual([range(-3, 5)]);
  expect(find(100, 200)).toEqual([]);
  expect(find(-100, 100, seriesKey(["t"]))).toEqual([]);
});

test("holes stay, and are found in other checkpoints", async () => {
  for (const first of [0, 20, 40]) log.add(series, range(first, first + 10), cut);
  log.close(series);
  await store.close();
  store = open("other.mdb", [join(folder, "kept.mdb")]);
  log = new RangeLog(app, store);
  log.open(series);
  log.add(series, range(5, 25), cut);
  log.flush();
  expect(spans(find(3, 45))).toEqual([
    [3, 5],
    [5, 25],
    [25, 30],
    [40, 45],
  ]);
});

test("many entries are found some at a time, and entries end at a limit", async () => {
  const large = (first: number): FinishedRange => ({ first, last: first + 1, bytes: new Uint8Array(2 ** 19) });
  for (let k = 0; k < 200; k++) log.add(series, range(2 * k, 2 * k + 1), cut);
  for (let k = 1_000; k < 1_004; k++) log.add(series, large(k), cut);
  log.close(series);
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
  log.add(series, done(0, 1e9), cut);
  log.add(series, done(1e9, 2e9), cut);
  log.flush();
  log.add(series, done(2e9, 2e9 + 1), cut);
  log.flush();
  await store.save();
  expect([entries(), find(5, 3e9)]).toEqual([1, [done(5, 2e9 + 1)]]);
});

test("two maps at once that finish the same tasks, cut in other ways, take nothing from each other", async () => {
  const random = numbers(7);
  const done = new Set<number>();
  log.open(series);
  for (let step = 0; step < 400; step++) {
    const first = Math.floor(random() * 200);
    const last = Math.min(200, first + 1 + Math.floor(random() * 20));
    log.add(series, range(first, last), cut);
    for (let k = first; k < last; k++) done.add(k);
    if (random() < 0.3) log.flush();
    if (random() < 0.1) {
      // One of them ends, and another begins.
      log.close(series);
      log.flush();
      expect(new Set(find(0, 200).flatMap(({ bytes }) => [...bytes]))).toEqual(done);
      log.open(series);
    }
  }
  log.close(series);
  log.close(series);
  await store.save();
  expect([entries(), log.size, find(0, 200)]).toEqual([1, 0, [range(0, 200)]]);
});

test("results that may still be merged are held in memory up to a limit, and are found all the same", () => {
  log = new RangeLog(app, store, 95);
  log.open(series);
  for (let first = 0; first < 200; first += 20) {
    log.add(series, range(first, first + 10), cut);
    log.flush();
  }
  for (let first = 10; first < 200; first += 20) log.add(series, range(first, first + 10), cut);
  log.close(series);
  expect(spans(find(0, 200))).toEqual(Array.from({ length: 20 }, (_, k) => [10 * k, 10 * k + 10]));
});

test.each<CheckpointMode>(["task", "periodic", "exit", "manual"])(
  "with mode %s what was kept is found before it is written, and nothing of it that was merged away",
  async (mode) => {
    await store.close();
    store = open("kept.mdb", [], mode);
    log = new RangeLog(app, store);
    log.open(series);
    for (const first of [10, 40]) log.add(series, range(first, first + 10), cut);
    log.flush();
    await store.save();
    log.add(series, range(0, 10), cut);
    log.add(series, range(20, 30), cut);
    log.open(seriesKey(["t"]));
    log.add(seriesKey(["t"]), range(30, 40), cut);
    log.flush();
    expect(find(5, 45)).toEqual([range(5, 30), range(40, 45)]);
    expect(log.find(series, 0, 100, cut).upTo).toBe(100);
    expect(entries()).toBe(2);
    await store.close();
    store = open("kept.mdb", [], mode);
    log = new RangeLog(app, store);
    log.open(series);
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
