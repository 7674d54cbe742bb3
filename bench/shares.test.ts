import { expect, test } from "vitest";
import type { SessionStats } from "../src/native/binding.ts";
import { fairShares, ranBetween, sharesCount } from "./shares.ts";

function stats(rank: number, tasksRun: number): SessionStats {
  return {
    rank,
    ranks: 2,
    hostname: "h",
    tasksRun,
    stealsAsked: 0,
    stealsServed: 0,
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
  };
}

test("shares are what was run between two looks, as parts of a fair share", () => {
  const ran = ranBetween([stats(0, 100), stats(1, 0)], [stats(0, 400), stats(1, 100)]);
  expect(ran).toEqual([300, 100]);
  expect(fairShares(ran)).toEqual([1.5, 0.5]);
});

test("a rate counts while every rank has half its fair share, and no longer below", () => {
  expect(sharesCount(fairShares([300, 100]))).toBe(true);
  expect(sharesCount(fairShares([301, 99]))).toBe(false);
  expect(sharesCount(fairShares([0, 0]))).toBe(false);
});
