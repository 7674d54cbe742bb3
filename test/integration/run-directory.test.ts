// What a program leaves in its run directory, however it ends; and that failures which nobody awaited are told once.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { type Ended, repository, run } from "../helpers/run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const program = join(repository, "test/integration/programs/recorded.js");
const runs = (mode: string, env: Record<string, string | null> = {}, way: Way = onThreads): Promise<Ended> =>
  run(way.command([program, mode]), { cwd: folder, env: { HEDDLE_RUN_DIR: null, HEDDLE_WORKERS: "1", ...env } });
const text = (name: string, number = "latest"): string => readFileSync(join(folder, "runinfo", number, name), "utf8");
const times = (line: string, all: string): number => all.split(line).length - 1;

test("a run on ranks leaves its options, log, events and summary, and says nothing itself", async () => {
  const ended = await runs("well", { HEDDLE_LOG: "debug" }, onRanks("mpich", 2));
  expect(ended).toEqual({ code: 0, signal: null, stdout: `${join(folder, "runinfo", "000")}\n`, stderr: "" });
  expect(readdirSync(join(folder, "runinfo")).sort()).toEqual(["000", "latest"]);
  expect(JSON.parse(text("config.json"))).toMatchObject({ cwd: folder, executor: { kind: "mpi", ranks: 2 } });
  expect(JSON.parse(text("config.json")).given).toMatchObject({ workers: { value: 1, from: "HEDDLE_WORKERS" } });
  const log = text("heddle.log").trim().split("\n");
  expect(log.map((line) => JSON.parse(line).msg)).toEqual([
    "started",
    "a task failed",
    "a task failed",
    "halfway",
    "closed",
  ]);
  expect(JSON.parse(text("summary.json"))).toMatchObject({
    how: "closed",
    calls: { done: 3 },
    apps: {
      half: { calls: { done: 2 }, maps: { maps: 1, tasks: 4, done: 2, failed: 2 } },
      say: { calls: { done: 1 } },
    },
  });
  const events = text("events.jsonl").trim().split("\n");
  const kinds = events.map((line) => JSON.parse(line).event);
  expect([kinds[0], kinds.at(-1), kinds.filter((kind) => kind === "failed").length]).toEqual(["start", "end", 2]);
  expect(text("outputs/say/000000/0.stdout")).toBe("hello\n");
});

test("failures that nobody awaited are told once, also where the program ends by another", async () => {
  const forgot = await runs("forgets");
  expect(forgot.code).toBe(1);
  expect(forgot.stderr).toContain("2 calls failed and their futures were never awaited: 2 x half (ERR_TASK_FAILED).");
  expect(times("never awaited", forgot.stderr)).toBe(1);
  const threw = await runs("throws");
  expect(threw.code).toBe(1);
  expect(threw.stderr).toMatch(/^heddle: ERR_TASK_FAILED.* half\(5\)/);
  expect(times("half(5)", threw.stderr)).toBe(1);
  expect(threw.stderr).toContain("2 calls failed and their futures were never awaited");
  expect(text("heddle.log", "001")).toContain("the program ends by an error");
  const { code, stdout, stderr } = await runs("guest");
  expect([code, stdout]).toEqual([0, "null\nclosed\n"]);
  expect(stderr).toContain("2 calls failed and their futures were never awaited: 2 x third");
  expect(times("never awaited", stderr)).toBe(1);
});

test("process.exit() loses nothing, and a folder that cannot be made by itself is no error", async () => {
  expect((await runs("exits")).code).toBe(3);
  expect(JSON.parse(text("summary.json"))).toMatchObject({ how: "ended with code 3", calls: { done: 3 } });
  expect(text("heddle.log")).toContain("halfway");
  rmSync(join(folder, "runinfo"), { recursive: true });
  writeFileSync(join(folder, "runinfo"), "in the way");
  const shown = await runs("shows");
  expect([shown.code, shown.stdout]).toEqual([1, ""]); // Its command asks for a file of its own.
  expect(shown.stderr).toContain("The run directory in");
  expect(shown.stderr).toContain("half: 6/6 (100 %), 2 failed");
  expect(existsSync(join(folder, "latest"))).toBe(false);
});
