import { expect, test } from "vitest";
import { type NamedProgress, ProgressBar, ProgressBoard, progressLine } from "./progress.ts";

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

const two: NamedProgress[] = [
  { name: "a", done: 2, failed: 1, running: 4, waiting: 2, total: 10 },
  { name: "b", done: 0, failed: 0, running: 0, total: 5 },
];

test("a board has a line for each app, and redraws as many lines as it drew", () => {
  const written: string[] = [];
  const board = new ProgressBoard(() => two, { isTTY: true, columns: 120, write: (text) => written.push(text) });
  board.draw();
  board.draw();
  board.stop();
  expect(written[0]).toMatch(/^a: \[#+\.+\] 3\/10 \(30 %\), 4 running, 2 waiting, 1 failed, .*\nb: \[\.+\] 0\/5 .*\n$/);
  expect(written[1]?.startsWith("\x1b[2A\r\x1b[0Ja: ")).toBe(true);
  expect(written[2]).toMatch(/in all\nb: .*in all\n$/);
});

test("a board keeps within the terminal", () => {
  const written: string[] = [];
  const many = Array.from({ length: 100 }, (_, k) => ({ name: `${"x".repeat(90)}${k}`, done: 0, failed: 0, total: 1 }));
  const output = { isTTY: true, columns: 40, rows: 10, write: (text: string) => written.push(text) };
  new ProgressBoard(() => many, output).stop();
  const lines = (written[0] as string).trimEnd().split("\n");
  expect(lines).toHaveLength(6);
  expect(lines.at(-1)).toBe("and 95 more apps");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
});

test("elsewhere only what moved is said again, and all at the end", () => {
  const written: string[] = [];
  const board = new ProgressBoard(() => two, { write: (text) => written.push(text) });
  board.draw();
  two[0] = { name: "a", done: 3, failed: 1, total: 10 };
  board.draw();
  board.stop();
  expect(written.map((line) => line.slice(0, 7))).toEqual(["a: 3/10", "b: 0/5 ", "a: 4/10", "a: 4/10", "b: 0/5 "]);
});
