import { expect, test } from "vitest";
import { Layers } from "./layers.ts";
import { listOptions } from "./resolve.ts";
import { checkOptions, originOf } from "./schema.ts";

function messageOf(options: unknown): string {
  try {
    checkOptions(options, originOf("run()"));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

test("every mistake is listed at once, with its path, its value and what was meant", () => {
  const message = messageOf({
    wrokers: 2,
    executors: { gpu: { workers: 0, gpu: 1 }, all: {} },
    checkpoint: { mod: "task", period: "30 s" },
    staging: true,
    log: undefined,
  });
  expect(message.split("\n").map((line) => line.trim())).toEqual([
    "7 options of run() are wrong.",
    "wrokers is 2, and there is no such option.",
    "did you mean workers?",
    "executors.gpu.workers is 0.",
    'give an integer from 1 to 4096, or "auto"',
    "executors.gpu.gpu is 1, and there is no such option.",
    "did you mean executors.gpu.gpus?",
    'executors has the label "all".',
    'a label is a letter, then letters, digits, and . _ -; "all" means every executor',
    'checkpoint.mod is "task", and there is no such option.',
    "did you mean checkpoint.mode?",
    'checkpoint.period is "30 s".',
    "give seconds, 0.01 to 1000000",
    "staging is true.",
    "give an object: { cache, cacheSize, retries, stall, shared }",
  ]);
});

test("one mistake is one sentence and its fix", () => {
  expect(messageOf({ tokens: { seat: 0 } })).toMatch(/^tokens is \{ seat: 0 \}\.\n {2}fix: give a number from 1/);
  expect(messageOf([])).toBe("The options of run() are [].\n  fix: give an object of options");
  expect(messageOf({ executors: {} })).toContain("name at least one executor");
});

test.each([
  { workers: "auto", processSlots: 4_096, memory: "64 GiB", ageing: "off", runDir: false, gpus: ["0", "1"] },
  { checkpoint: "exit", staging: { shared: true }, ageing: 0.5, runDir: "runs", gpus: 2 },
  { checkpoint: { loadFrom: ["a"], ttl: 60 }, executors: { "a-1": {}, b: { kind: "mpi", tokens: { seat: 1 } } } },
])("%j is right", (options) => expect(messageOf(options)).toBe(""));

test("variables are read, and named where they are wrong", () => {
  const read = (env: Record<string, string>): Layers => new Layers("run()", {}, env, null);
  expect(read({ HEDDLE_TOKENS: "matlab=5, fluent=2" }).find("tokens")).toEqual({
    value: { matlab: 5, fluent: 2 },
    from: "HEDDLE_TOKENS",
  });
  expect(read({ HEDDLE_GPUS: "none" }).find("gpus")?.value).toEqual([]);
  expect(read({ HEDDLE_CHECKPOINT: "off" }).find("checkpoint")?.value).toBe(false);
  expect(read({ HEDDLE_CHECKPOINT_PATH: "x" }).find("checkpoint")).toBeNull();
  for (const bad of ["matlab", "matlab=", "=3", "a=1=2", "a=-1", "a=1,,b=2", "a=0"])
    expect(() => read({ HEDDLE_TOKENS: bad }), bad).toThrow("HEDDLE_TOKENS is ");
  expect(() => read({ HEDDLE_WORKERS: "0", HEDDLE_LOG: "loud" })).toThrow(
    /HEDDLE_WORKERS is 0\.[\s\S]*HEDDLE_LOG is "loud"/,
  );
});

test("flags come before the program, the program before the environment, that before the file", () => {
  const config = { path: "/p/heddle.config.ts", options: { workers: 1, nativeSlots: 1, log: "warn", memory: "1 GiB" } };
  const env = { HEDDLE_WORKERS: "2", HEDDLE_NATIVE_SLOTS: "2", HEDDLE_LOG: "info", HEDDLE_FLAGS: "HEDDLE_LOG" };
  const layers = new Layers("run()", { workers: 3, log: "error" }, env, config);
  expect(["workers", "nativeSlots", "log", "memory", "gpus"].map((name) => layers.find(name))).toEqual([
    { value: 3, from: "run()" },
    { value: 2, from: "HEDDLE_NATIVE_SLOTS" },
    { value: "info", from: "flag of heddle run" },
    { value: "1 GiB", from: "/p/heddle.config.ts" },
    null,
  ]);
});

test("what an executor does not say is said for all, and a variable comes before the file's executors", () => {
  const options = { workers: 5, executors: { cpu: { workers: 4 }, gpu: { gpus: 1 } }, checkpoint: "exit" };
  const rows = (env: Record<string, string>) => {
    const list = listOptions({ path: "/c.ts", options }, env);
    return (path: string) => list.find((row) => row.path === path);
  };
  expect(rows({})("executors.cpu.workers")).toMatchObject({ value: 4, from: "/c.ts" });
  expect(rows({})("executors.gpu.workers")).toMatchObject({ value: 5, from: "/c.ts" });
  expect(rows({ HEDDLE_WORKERS: "2" })("executors.cpu.workers")).toMatchObject({ value: 2, from: "HEDDLE_WORKERS" });
  expect(rows({})("checkpoint.mode")).toMatchObject({ value: "exit", from: "/c.ts" });
  expect(rows({})("executors.cpu.memory")).toMatchObject({ value: undefined, from: "default" });
});
