import { expect, test } from "vitest";
import { ProgressBar, progressLine } from "./progress.ts";

test("a line says done, failed, rate and time left", () => {
  const line = progressLine("energy", { done: 900, failed: 100, total: 4_000 }, 250, 0);
  expect(line).toBe("energy: 1,000/4,000 (25 %), 100 failed, 250 tasks/s, 12 s left");
});

test("where the total is not known it says what is done", () => {
  expect(progressLine("energy", { done: 3, failed: 0, total: null }, 0.5, 10)).toBe("energy: 3 done, 0.5 tasks/s");
});

test("a bar fills", () => {
  expect(progressLine("e", { done: 1, failed: 0, total: 4 }, 0, 8)).toContain("[##......] 1/4");
});

test("long times are in minutes and hours", () => {
  expect(progressLine("e", { done: 1, failed: 0, total: 7_201 }, 1, 0)).toContain("2 h 0 min left");
});

test("a terminal is redrawn in place, other outputs get whole lines", () => {
  const written: string[] = [];
  const output = (isTTY: boolean) => ({ isTTY, columns: 100, write: (text: string) => written.push(text) });
  const state = { done: 2, failed: 0, total: 2 };
  new ProgressBar("e", state, output(true)).stop();
  new ProgressBar("e", state, output(false)).stop();
  expect(written[0]).toMatch(/^\r\x1b\[2Ke: \[#+\] 2\/2 .* in all\n$/);
  expect(written[1]).toMatch(/^e: 2\/2 .* in all\n$/);
});
