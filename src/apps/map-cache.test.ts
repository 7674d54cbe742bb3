import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, range, start } from "heddle";
import { afterAll, beforeAll, expect, test } from "vitest";
import { end, ends, noted, ran, tenths } from "../../test/helpers/cache-apps.ts";

let engine: Engine;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-map-cache-"));
  engine = await start({
    executor: "inline",
    apps: [new URL("../../test/helpers/cache-apps.ts", import.meta.url)],
    runDir: false,
    checkpoint: { path: join(folder, "kept.mdb"), mode: "manual" },
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** How many ran of the tasks of this. */
async function runsOf(work: () => Promise<unknown>): Promise<number> {
  const before = ran.length;
  await work();
  return ran.length - before;
}

test("known results wait for a slow reader", async () => {
  const total = 100_000;
  let given = 0;
  function* rows(): Generator<number> {
    for (; given < total; given++) yield given;
  }
  expect(await runsOf(() => noted.map(rows(), { cache: true }).collect())).toBe(total);
  given = 0;
  let sum = 0;
  const again = await runsOf(async () => {
    for await (const { value } of noted.map(rows(), { cache: true })) {
      if (sum === 0 && value > 0) {
        for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve));
        expect(given).toBeLessThan(total / 2);
      }
      sum += value;
    }
  });
  expect([again, sum]).toEqual([0, total * (total - 1)]);
});

test("a reader of known results may leave", async () => {
  await noted.map(range(1_000), { cache: true });
  for await (const _ of noted.map(range(2_000), { cache: true })) break;
  await engine.wait();
});

test("reductions of kept maps run nothing twice, and have the same bits", async () => {
  const sum = await tenths.map(range(3_000)).reduce("sum");
  const sums = (last: number): Promise<number> => tenths.map(range(last), { cache: true }).reduce("sum");
  expect(await runsOf(() => sums(1_000))).toBe(1_000);
  expect(await runsOf(() => sums(3_000))).toBe(2_000);
  expect(await runsOf(() => tenths.map(range(3_000), { cache: true }).reduce("max"))).toBe(0);
  expect([await sums(3_000), await sums(0)]).toEqual([sum, 0]);
  expect(await runsOf(() => tenths.map(range(3_000), { cache: true }).collect())).toBe(0);
});

test("reductions by an app too, of any input", async () => {
  const rows = Array.from({ length: 20_000 }, (_, k) => k);
  const reduced = (upTo: number): Promise<unknown> => end.map(rows.slice(0, upTo), { cache: true }).reduce(ends);
  expect(await runsOf(() => reduced(8_192))).toBe(8_192);
  expect(
    await runsOf(async () => expect(await reduced(20_000)).toEqual({ first: 0, last: 19_999, count: 20_000 })),
  ).toBe(11_808);
  expect(await runsOf(() => reduced(20_000))).toBe(0);
});
