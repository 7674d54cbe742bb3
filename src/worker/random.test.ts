import { expect, test } from "vitest";
import { randomStream } from "./random.ts";

test("the same seed and index give the same numbers, another index others", () => {
  const numbers = (index: number): number[] => Array.from({ length: 5 }, randomStream(7n, index));
  expect(numbers(3)).toEqual(numbers(3));
  const seen = new Set([0, 1, 2, 2 ** 32, 2 ** 40].flatMap(numbers));
  expect(seen.size).toBe(25);
});

test("the stream is fixed for all time: results of old runs can be had again", () => {
  const random = randomStream(0x0123_4567_89ab_cdefn, 42);
  expect([random(), random(), random()]).toMatchInlineSnapshot(`
    [
      0.7536383738693277,
      0.4806285143228858,
      0.1601839828166659,
    ]
  `);
});

test("numbers are spread evenly", () => {
  const bins = new Array<number>(10).fill(0);
  const random = randomStream(1n, 0);
  for (let k = 0; k < 100_000; k++) bins[Math.floor(random() * 10)]! += 1;
  for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("first numbers of neighbouring tasks are as even as those of one", () => {
  let sum = 0;
  for (let index = 0; index < 20_000; index++) sum += randomStream(5n, index)();
  expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.01);
});

test("int(n) reaches every value and nothing else", () => {
  const random = randomStream(2n, 9);
  const seen = new Set(Array.from({ length: 1_000 }, () => random.int(6)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(() => random.int(0)).toThrow("random.int(n) needs an integer n from 1 to 2^32, got 0");
});

test("normal() has mean 0 and deviation 1", () => {
  const random = randomStream(3n, 0);
  const values = Array.from({ length: 50_000 }, () => random.normal());
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(variance - 1)).toBeLessThan(0.03);
});
