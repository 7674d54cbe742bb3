import * as fc from "fast-check";
import { expect, test } from "vitest";
import { alignedBlocks, type Block, foldTreeAsync, mergeHalves } from "./blocks.ts";
import { combineScalars, decodePartial, encodePartial, reduceColumn } from "./reduce.ts";

const spread = fc.record({
  values: fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 200 }),
  cuts: fc.array(fc.nat(200), { maxLength: 12 }),
});

function partsOf(values: number[], cuts: number[]): [number, number][] {
  const edges = [...new Set([0, ...cuts.filter((cut) => cut < values.length), values.length])].sort((a, b) => a - b);
  return edges.slice(1).map((last, k) => [edges[k] as number, last]);
}

async function sumOf(values: number[], cuts: number[]): Promise<number> {
  const blocks: Block<number>[] = [];
  for (const [first, last] of partsOf(values, cuts)) {
    const part = Float64Array.from(values.slice(first, last));
    blocks.push(...(reduceColumn("sum", "f64", first, part) as Block<number>[]));
  }
  const merged = await mergeHalves(blocks, (a, b) => a + b);
  return merged.map((block) => block.value).reduce((a, b) => a + b);
}

test("a floating-point sum has the same bits however the work was cut", async () => {
  await fc.assert(
    fc.asyncProperty(spread, async ({ values, cuts }) => {
      expect(await sumOf(values, cuts)).toBe(await sumOf(values, []));
    }),
  );
});

test("blocks are aligned, as large as can be, and cover the range", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(3_000), (first, count) => {
      const blocks = alignedBlocks(first, first + count);
      let at = first;
      for (const [from, to] of blocks) {
        expect(from).toBe(at);
        expect(Number.isInteger(Math.log2(to - from))).toBe(true);
        expect(from % (to - from)).toBe(0);
        at = to;
      }
      expect(at).toBe(first + count);
    }),
  );
});

test("a fold keeps the order of its elements, also where combining takes its time", async () => {
  const letters = [..."abcdefgh"];
  expect(await foldTreeAsync(letters, 0, 8, async (a, b) => a + b)).toBe("abcdefgh");
  expect(await foldTreeAsync(letters, 4, 6, (a, b) => `(${a}${b})`)).toBe("(ef)");
});

test("integers are summed exactly, signed and unsigned", () => {
  expect(reduceColumn("sum", "i32", 0, new Int32Array([2 ** 31 - 1, 2 ** 31 - 1]))[0]?.value).toBe(2n ** 32n - 2n);
  expect(reduceColumn("min", "i64", 3, new BigInt64Array([5n, -7n]))).toEqual([{ first: 3, last: 5, value: -7n }]);
  expect(combineScalars("sum", "u64", 2n ** 64n - 1n, 2n)).toBe(1n);
});

test("a NaN is not lost", () => {
  expect(combineScalars("max", "f64", Number.NaN, 1)).toBeNaN();
});

test("partial values cross as 8 bytes", () => {
  expect(decodePartial("sum", "f32", encodePartial("sum", "f32", -1.25))).toBe(-1.25);
  expect(decodePartial("min", "i32", encodePartial("min", "i32", -3n))).toBe(-3n);
  expect(decodePartial("max", "u64", encodePartial("max", "u64", 2n ** 64n - 1n))).toBe(2n ** 64n - 1n);
});
