// What a program gets for bad input: an error with a code and a hint for that task alone. On threads, and on ranks.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mpis, onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { run } from "../helpers/run.ts";

interface Failure {
  class: string;
  code: string;
  hint: string | null;
  message: string;
  cause?: Failure;
  stack?: string;
  app?: string;
  rank?: number | null;
  exitCode?: number | null;
  signal?: string | null;
  stderr?: string;
}

interface Outcome {
  value?: unknown;
  error?: Failure;
}

const ways: Way[] = [onThreads, ...mpis.map((mpi) => onRanks(mpi, 2))];
const failing =
  "function circle reducer large text undefined throws rejects never exits waits spins missing fails killed sleeps nowhere noCwd full";
const others = "fairlyLarge floods everywhere commands batch";
const names = `${failing} ${others}`.split(" ");
const folder = mkdtempSync(join(tmpdir(), "heddle-bad-input-"));
const device = join(folder, "small");

// A device that is full after 1 MiB.
beforeAll(() => {
  mkdirSync(device);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", device]);
});

afterAll(() => {
  execFileSync("umount", [device]);
  rmSync(folder, { recursive: true });
});

describe.each(ways)("$name", ({ command, ranks }) => {
  const outcomes = new Map<string, unknown>();

  const failureOf = (name: string): Failure => {
    const { error, value } = outcomes.get(name) as Outcome;
    expect(value).toBeUndefined();
    return error as Failure;
  };

  test("no failure takes anything else with it", { timeout: 240_000 }, async () => {
    const program = ["test/integration/programs/bad-input.js", names.join(","), device, String(ranks)];
    const ended = await run(command(program), { timeoutMs: 200_000 });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    for (const line of ended.stdout.trim().split("\n")) {
      const { name, got, afterwards } = JSON.parse(line);
      outcomes.set(name, got);
      expect(afterwards, `after ${name}`).toEqual([332_833_500, "some output\n"]);
    }
    expect([...outcomes.keys()]).toEqual(names);
  });

  test.each([
    ["function", "ERR_ARGUMENT", "argument 0, .list[1] is a function"],
    ["circle", "ERR_ARGUMENT", "argument 0, .self is a cycle"],
    ["reducer", "ERR_APP_EXPECTED", "needs an app, got the function unregistered"],
    ["large", "ERR_ARGUMENT_TOO_LARGE", "take 100.0 MiB; the limit is 64.0 MiB"],
    ["text", "ERR_TASK_THREW_NON_ERROR", 'threw "just text", which is not an Error'],
    ["undefined", "ERR_TASK_THREW_NON_ERROR", "threw undefined"],
    ["rejects", "ERR_TASK_REJECTED", "a promise was rejected and not handled: Error: nobody listens"],
    ["never", "ERR_TASK_UNSETTLED", "awaits a promise that nothing can settle"],
    ["exits", "ERR_TASK_EXIT", "exit code 7, as process.exit() does"],
    ["waits", "ERR_WORKER_LOST", "waited for tasks that it called, and its worker thread was lost to another"],
    ["spins", "ERR_WALLTIME", "ran longer than its walltime"],
    ["missing", "ERR_COMMAND_NOT_FOUND", "heddle-no-such-command"],
    ["fails", "ERR_COMMAND_FAILED", "exit code 3"],
    ["killed", "ERR_COMMAND_SIGNALED", "SIGSEGV"],
    ["sleeps", "ERR_WALLTIME", "walltime of 0.5 s"],
    ["nowhere", "ERR_OUTPUT_FILE", "/no/such/folder/out"],
    ["noCwd", "ERR_CWD", "/no/such/folder"],
    ["full", "ERR_NO_SPACE", "space was left for the output of head"],
  ])("%s: %s", (name, code, text) => {
    const { hint, ...failure } = failureOf(name);
    expect(failure).toMatchObject({ code });
    expect(failure.message).toContain(text);
    expect(hint).toBeTruthy();
  });

  test("a task that uses up the memory of its worker fails alone", async () => {
    const program = ["--max-old-space-size=64", "test/integration/programs/bad-input.js", "hoards"];
    const { code, stdout, stderr } = await run(command(program));
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      got: { error: { code: "ERR_WORKER_LOST", hint: expect.stringContaining("--max-old-space-size") } },
      afterwards: [332_833_500, "some output\n"],
    });
  });

  test("an error that was thrown arrives with its class, stack and cause", () => {
    const failure = failureOf("throws");
    expect(failure).toMatchObject({
      class: "TaskError",
      code: "ERR_TASK_FAILED",
      app: "throws",
      cause: { class: "RangeError", message: "no luck", cause: { class: "TypeError", message: "the deeper reason" } },
    });
    expect(failure.stack).toContain("programs/bad-input.js:");
  });

  test("a command that failed says how it ended, and the last it wrote", () => {
    expect(failureOf("fails")).toMatchObject({
      class: "CommandError",
      exitCode: 3,
      signal: null,
      stderr: "what went wrong\n",
    });
    expect(failureOf("killed")).toMatchObject({ exitCode: null, signal: "SIGSEGV" });
  });

  test("failures on every rank name the rank, and keep their class", () => {
    const failures = outcomes.get("everywhere") as Failure[];
    expect(new Set(failures.map((one) => one.rank))).toEqual(new Set(Array.from({ length: ranks }, (_, rank) => rank)));
    for (const { rank, cause } of failures) {
      expect(cause).toMatchObject({ class: "RangeError", message: `thrown on rank ${rank}` });
    }
  });

  test("commands that failed on every rank name the rank", () => {
    const failures = outcomes.get("commands") as Failure[];
    expect(new Set(failures.map((one) => one.rank))).toEqual(new Set(Array.from({ length: ranks }, (_, rank) => rank)));
    for (const failure of failures) expect(failure).toMatchObject({ code: "ERR_COMMAND_FAILED", exitCode: 4 });
  });

  test("a batch with failures holds all of them", () => {
    const failure = outcomes.get("batch") as Failure & { failures: number };
    expect(failure).toMatchObject({ code: "ERR_BATCH_FAILED", failures: 2 });
    expect(failure.message).toContain('2 of 2 tasks of app "throws" failed; the first is task 0');
    expect(failure.hint).toContain("settled()");
  });

  test("60 MB of arguments arrive", () => {
    expect(outcomes.get("fairlyLarge")).toEqual({ value: 60 << 20 });
  });

  test("of 1 GB of output the bound is kept, and memory stays bounded", () => {
    const { error, kept, peakMb } = outcomes.get("floods") as { error?: Failure; kept: number; peakMb: number };
    expect(error).toBeUndefined();
    // The first and last half of 1000 bytes, and a line between them.
    expect(kept).toBeGreaterThanOrEqual(1000);
    expect(kept).toBeLessThan(1100);
    expect(peakMb).toBeLessThan(900);
  });
});
