import { expect, test } from "vitest";
import { median, quantile, significant } from "./statistics.ts";

test("the median of an even number of values lies between the middle two, whatever their order", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([10, 9, 100])).toBe(10);
});

test("a quantile is one of the values", () => {
  const values = Array.from({ length: 100 }, (_, k) => k);
  expect([quantile(values, 0), quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)]).toEqual([
    0, 50, 99, 99,
  ]);
});

test("no values have no median", () => {
  expect(() => median([])).toThrow(RangeError);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

test("figures keep four digits", () => {
  expect(significant(123_456_789)).toBe(123_500_000);
  expect(significant(0.001_234_56)).toBe(0.001_235);
});
