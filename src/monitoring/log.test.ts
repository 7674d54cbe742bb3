import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RunLog } from "./log.ts";

test("lines wait for the first that matters, keep their times, and have the fields they were given", () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-log-"));
  const path = join(folder, "heddle.log");
  const log = new RunLog(path, "info");
  const read = (): Record<string, unknown>[] => {
    const lines = readFileSync(path, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  log.info("first", { n: 1n });
  log.debug("too little");
  expect(read).toThrow("ENOENT");
  log.error("broke", new Error("outer", { cause: new Error("inner") }));
  expect(read()).toMatchObject([
    { level: "info", msg: "first", n: 1 },
    { level: "error", msg: "broke", err: { type: "Error", message: expect.stringContaining("outer") } },
  ]);
  log.info("at once");
  expect(read().at(-1)).toMatchObject({ msg: "at once" });
  const times = read().map(({ time }) => Date.parse(String(time)));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  rmSync(folder, { recursive: true });
});

test("a line has its fields as they were when it was written, however late it reaches the file; close() lets the file go", () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-log-"));
  const path = join(folder, "heddle.log");
  const openFiles = (): string[] =>
    readdirSync("/proc/self/fd").flatMap((number) => {
      try {
        return [readlinkSync(`/proc/self/fd/${number}`)];
      } catch {
        return []; // That of the folder itself.
      }
    });
  const log = new RunLog(path, "info");
  const state = { step: 1, seen: ["a"], self: null as unknown };
  state.self = state;
  log.info("waits", state);
  state.step = 2;
  state.seen.push("b");
  log.flush();
  expect(openFiles()).toContain(path);
  log.close();
  expect(openFiles()).not.toContain(path);
  log.info("late");
  expect(openFiles()).not.toContain(path);
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: "waits", step: 1, seen: ["a"] },
    { msg: "late" },
  ]);
  rmSync(folder, { recursive: true });
});
