import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EventLog, type FailedTask } from "./events.ts";
import { noLog } from "./log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-events-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const linesOf = (): Record<string, unknown>[] => {
  const text = readFileSync(join(folder, "events.jsonl"), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
};
const failure = (index: number): FailedTask => {
  return { app: "a", index, map: null, tries: 1, code: "ERR_TASK_FAILED", message: "x".repeat(900), rank: 3 };
};

test("what moves within a short time is one line for each app", () => {
  const events = new EventLog(join(folder, "events.jsonl"), noLog);
  for (let k = 0; k < 1_000; k++) events.submitted("a", 2);
  events.submitted("b", 1);
  events.ended("a", 100, false, 0);
  events.ended("a", 100, false, 5);
  events.ended("a", 1, true, 0);
  events.close();
  expect(linesOf()).toMatchObject([
    { event: "tasks", app: "a", batches: 1_000, submitted: 2_000, done: 200, failed: 1, ranks: { 0: 100, 5: 100 } },
    { event: "tasks", app: "b", batches: 1, submitted: 1, done: 0, failed: 0, ranks: {} },
  ]);
});

test("calls that run are in one line for each app, up to a limit", () => {
  const events = new EventLog(join(folder, "events.jsonl"), noLog);
  for (let index = 0; index < 3; index++) events.running("a", { index, rank: 0, slot: index });
  events.running("b", { index: 7, rank: 2, slot: 1 });
  events.flush();
  for (let index = 3; index < 20_000; index++) events.running("a", { index, rank: 0, slot: 0 });
  events.close();
  const lines = linesOf() as { event: string; app: string; calls: object[] }[];
  expect(lines.map(({ event, app, calls }) => [event, app, calls.length])).toEqual([
    ["running", "a", 3],
    ["running", "b", 1],
    ["running", "a", 9_997],
  ]);
  expect(lines[1]?.calls).toEqual([{ index: 7, rank: 2, slot: 1 }]);
});

test("each failure has a line and is logged, up to a limit", () => {
  const logged: string[] = [];
  const log = { ...noLog, warn: (message: string) => void logged.push(message) };
  const events = new EventLog(join(folder, "events.jsonl"), log);
  for (let k = 0; k < 5_000; k++) events.failed(failure(k));
  events.close();
  const lines = linesOf();
  expect(lines).toHaveLength(1_000);
  expect(lines[7]).toMatchObject({ event: "failed", app: "a", index: 7, tries: 1, code: "ERR_TASK_FAILED", rank: 3 });
  expect(lines[7]?.["message"]).toBe(`${"x".repeat(500)}…`);
  expect(logged).toHaveLength(101);
  expect(logged.at(-1)).toContain("more failures");
});
