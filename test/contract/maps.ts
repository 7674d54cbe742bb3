/** Promises about maps, and about each way their results end. */

import { type BatchError, type HeddleError, range } from "heddle";
import { expect } from "vitest";
import { add, echo, energy, join, later, letter, oddOnly, square, tenth } from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

export const mapChecks: Checks = {
  "a map takes ranges, arrays, columns, rows, typed arrays and iterables": async () => {
    expect(await square.map(range(2, 12, 3))).toEqual(Float64Array.from([4, 25, 64, 121]));
    expect(await square.map([1, 2, 3])).toEqual(Float64Array.from([1, 4, 9]));
    expect(await energy.map(["a", "bb"], [1, 2])).toEqual(Float64Array.from([11, 22]));
    const rows: [string, number][] = [
      ["a", 5],
      ["bb", 6],
    ];
    expect(await energy.map(rows)).toEqual(Float64Array.from([15, 26]));
    expect(await add.map(new Int32Array([1, -2]), new Float64Array([0.5, 0.5]))).toEqual([1.5, -1.5]);
    expect(await add.map(range(3), new Set([10, 20, 30]))).toEqual([10, 21, 32]);
    expect(await echo.map(new Map([["k", 1]]))).toEqual([["k", 1]]);
    async function* slowly(): AsyncGenerator<number> {
      for (const k of [1, 2, 3]) yield await Promise.resolve(k);
    }
    expect(await square.map(slowly())).toEqual(Float64Array.from([1, 4, 9]));
    expect(await square.map([])).toEqual(new Float64Array(0));
    expect(await later.map(range(0))).toEqual([]);
  },

  "a long map keeps every result in its place": async () => {
    const n = 70_000;
    const texts = Array.from({ length: n }, (_, k) => `molecule ${k}`);
    expect(await echo.map(texts)).toEqual(texts);
    const column = await square.map(range(n));
    expect(column.every((value, k) => value === k * k)).toBe(true);
  },

  "columns of different lengths are refused": async () => {
    expect(() => energy.map(["a", "b"], [1])).toThrow("energy.map(): its columns have 2, 1 elements.");
    const uneven = energy.map(new Set(["a"]).values(), [1, 2]);
    expect((await failureOf<HeddleError>(uneven)).code).toBe("ERR_MAP_COLUMNS");
    expect((await failureOf<HeddleError>(energy.map(["CCO"] as never))).message).toContain("takes 2 arguments");
  },

  "a map with failures rejects with every result and every failure by index": async () => {
    const failure = await failureOf<BatchError<number>>(oddOnly.map([1, 2, 3, 4]).collect());
    expect(failure.code).toBe("ERR_BATCH_FAILED");
    expect([...failure.failures.keys()]).toEqual([1, 3]);
    expect([failure.results[0], failure.results[2]]).toEqual([1, 3]);
    expect(failure.failures.get(1)?.message).toContain("2 is even");
    expect((await failureOf<BatchError>(oddOnly.map([2]).discard())).failures.size).toBe(1);
    expect((await failureOf<BatchError>(oddOnly.map([1, 2]).reduce("sum"))).failures.size).toBe(1);
  },

  "settled() gives both and does not reject": async () => {
    const settled = await oddOnly.map([1, 2]).settled();
    expect(settled[0]).toEqual({ status: "fulfilled", index: 0, value: 1 });
    expect(settled[1]).toMatchObject({ status: "rejected", index: 1, reason: { code: "ERR_TASK_FAILED" } });
  },

  "an element that cannot be sent fails alone": async () => {
    const settled = await echo.map([1, () => 1, 3]).settled();
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "ERR_ARGUMENT" } });
  },

  "an element of 100 MiB fails alone": async () => {
    const settled = await echo.map([1, new Uint8Array(100 << 20), 3]).settled();
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "ERR_ARGUMENT_TOO_LARGE" } });
  },

  "reductions count, add, and find the least and the largest": async () => {
    expect(await square.map(range(1, 5)).reduce("sum")).toBe(30);
    expect(await square.map([3, -1, 2]).reduce("min")).toBe(1);
    expect(await square.map([3, -1, 2]).reduce("max")).toBe(9);
    expect(await echo.map(["a", "b"]).reduce("count")).toBe(2);
    expect(await square.map([]).reduce("sum")).toBe(0);
    expect((await failureOf<HeddleError>(square.map([]).reduce("min"))).code).toBe("ERR_REDUCE_EMPTY");
  },

  "a reduction by an app keeps the order of the input": async () => {
    const n = 3_000;
    const expected = Array.from({ length: n }, (_, k) => "abcdefghijklmnopqrstuvwxyz"[k % 26]).join("");
    expect(await letter.map(range(n)).reduce(join)).toBe(expected);
    expect(await letter.map([5]).reduce(join)).toBe("f");
  },

  "a plain function as a reducer is refused with how to name it": async () => {
    const failure = await failureOf<HeddleError>(letter.map([1]).reduce(((a: string, b: string) => a + b) as never));
    expect(failure.code).toBe("ERR_APP_EXPECTED");
    expect(failure.hint).toContain('app("add"');
  },

  "for await gives every result with its index, and failures at the end": async () => {
    const seen: [number, number][] = [];
    const failure = await failureOf<BatchError>(
      (async () => {
        for await (const { index, value } of oddOnly.map(range(50))) seen.push([index, value]);
      })(),
    );
    expect(seen.sort((a, b) => a[0] - b[0])).toEqual(Array.from({ length: 25 }, (_, k) => [2 * k + 1, 2 * k + 1]));
    expect(failure.failures.size).toBe(25);
  },

  "leaving a for await early ends the rest of an endless input": async () => {
    let given = 0;
    function* endless(): Generator<number> {
      for (;;) yield given++;
    }
    for await (const { value } of square.map(endless())) if (value >= 100) break;
    expect(given).toBeGreaterThan(10);
  },

  "results are asked for in one way": async () => {
    const handle = square.map([1]);
    const collected = handle.collect();
    expect((await failureOf<HeddleError>(handle.discard())).code).toBe("ERR_MAP_USED");
    expect(await collected).toEqual(Float64Array.from([1]));
    expect(await handle).toEqual(Float64Array.from([1]));
  },

  "sums of fractions have the same bits on every executor": async () => {
    expect(await tenth.map(range(10_001)).reduce("sum")).toBe(5001500.100000001);
  },
};
