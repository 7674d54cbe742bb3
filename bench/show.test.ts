import { expect, test } from "vitest";
import type { Line } from "./bench.ts";
import { medianLine, readable, show } from "./show.ts";

function line(seconds: number, extra: Partial<Line> = {}): Line {
  return { bench: "start", case: "hello", ranks: 2, workers: 1, tasks: 320, rounds: 1, seconds, ...extra };
}

test("several starts become one line with the medians of their figures", () => {
  expect(medianLine([line(3), line(1), line(2)])).toEqual(line(2, { rounds: 3 }));
});

test("a rate that does not count says so", () => {
  expect(show(line(1, { shares: [1.9, 0.1], shares_ok: false }))).toContain("shares 1.9 0.1  DOES NOT COUNT");
  expect(show(line(1, { shares: [1, 1], shares_ok: true }))).not.toContain("COUNT");
});

test("large figures are shortened", () => {
  expect([readable(1_234_567), readable(56_789), readable(2e9), readable(12.5)]).toEqual([
    "1.235 M",
    "56.79 k",
    "2 G",
    "12.5",
  ]);
});
