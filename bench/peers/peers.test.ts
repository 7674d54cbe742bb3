import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkPrinted, commandPeers } from "./commands.ts";
import { check } from "./serve.ts";
import { openProgram, parseAnswer, parseReady, runCommand } from "./session.ts";
import { skewedMilliseconds } from "./skewed.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-peers-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what a program says is read, and what is none of it is an error", () => {
  expect(parseReady("ready 1.2 shell skewed\n")).toEqual({ version: "1.2", kinds: ["shell", "skewed"] });
  expect(parseAnswer("= 0.5 12")).toEqual([0.5, 12]);
  expect(() => parseReady("! no worker came")).toThrow(/^no worker came$/);
  expect(() => parseReady("ready 1.2")).toThrow("not ready: ready 1.2");
  expect(() => parseAnswer("! result 3 is 5")).toThrow(/^result 3 is 5$/);
  for (const text of ["=", "= 0", "= fast", "ready 1 2"]) expect(() => parseAnswer(text)).toThrow("no answer");
});

test("a wrong result, one too few and one too many are noticed", () => {
  expect(() => check([1, 2, 3], 3, (k) => k + 1)).not.toThrow();
  expect(() => check([1, 2, 4], 3, (k) => k + 1)).toThrow("result 2 is 4, not 3");
  expect(() => check([1, 2], 3, (k) => k + 1)).toThrow("2 results of 3 tasks");
});

test("commands that were not run, or with another argument, are noticed", () => {
  const printed = "sleep 0.2 \nsomething else\nsleep 0.1\n";
  expect(() => checkPrinted(printed, "sleep", ["0.1", "0.2"])).not.toThrow();
  expect(() => checkPrinted(printed, "sleep", ["0.1", "0.3"])).toThrow("sleep was run with 0.2, not 0.3");
  expect(() => checkPrinted(printed, "sleep", ["0.1"])).toThrow("2 commands were run for 1 tasks");
});

test("a makefile has a target for each task", () => {
  expect(commandPeers.make.input("sleep", ["0.1", "0.2"])).toBe(
    "all: t0 t1\n.PHONY: all t0 t1\nt0:\n\tsleep 0.1\nt1:\n\tsleep 0.2\n",
  );
});

test("skewed durations add up, are always the same, and the longest is many times the median", () => {
  const all = skewedMilliseconds(8_000);
  expect(all).toEqual(skewedMilliseconds(8_000));
  expect(all.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(8_000);
  const sorted = [...all].sort((a, b) => a - b);
  expect(sorted[0]).toBeGreaterThan(0);
  expect(sorted.at(-1)!).toBeGreaterThan(5 * sorted[sorted.length >> 1]!);
  expect(sorted.at(-1)!).toBeLessThan(4_000); // Else no schedule could reach the ideal.
});

test("a command that ends with another code than 0 is an error with what it said", async () => {
  const failing = runCommand({ argv: ["/bin/sh", "-c", "cat; echo an error >&2; exit 3"], folder }, "input");
  await expect(failing).rejects.toThrow("it ended with 3: an error");
  const { printed } = await runCommand({ argv: ["/bin/cat"], folder }, "input");
  expect(printed).toBe("input");
});

test("a program that ends before it is ready, or does not exist, is an error", async () => {
  const early = openProgram({ argv: ["/bin/sh", "-c", "echo no module >&2"], folder });
  await expect(early).rejects.toThrow("it ended: no module");
  await expect(openProgram({ argv: ["/no/such/program"], folder })).rejects.toThrow("ENOENT");
});

test("a program answers rounds, and what it started ends with it", async () => {
  const script = `sleep 300 & echo $! > child; echo ready 1 shell; while read -r kind tasks; do echo "= $tasks"; done`;
  const session = await openProgram({ argv: ["/bin/sh", "-c", script], folder });
  expect(await session.run("shell", [7])).toEqual([7]);
  const child = Number(readFileSync(join(folder, "child"), "utf8"));
  expect(isAlive(child)).toBe(true);
  await session.close();
  await expect.poll(() => isAlive(child)).toBe(false);
});

/** Neither gone nor a zombie that nobody has collected. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}
