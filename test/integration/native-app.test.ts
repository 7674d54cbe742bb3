// Functions of shared libraries as apps: the same answers everywhere, and an error for each mistake.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Mpi, mpis, onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { cli, type Ended, repository, run } from "../helpers/run.ts";

const programs = "test/integration/programs";
const folder = mkdtempSync(join(tmpdir(), "heddle-native-"));
const library = join(folder, "natives.so");

function compile(source: string, to: string, ...flags: string[]): void {
  const include = join(repository, "native/include");
  const always = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I", include];
  execFileSync("gcc", [...always, ...flags, "-o", to, source]);
}

beforeAll(() => compile(join(repository, programs, "natives.c"), library));
afterAll(() => rmSync(folder, { recursive: true }));

describe("every call, map and failure", () => {
  const answers = async (way: Way, env: Record<string, string> = {}): Promise<Record<string, unknown>> => {
    const ended = await run(way.command([`${programs}/natives.js`]), { env: { NATIVES: library, ...env } });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const anyRank = ended.stdout.replaceAll(/on rank \d/g, "on rank R").replaceAll(/"rank":\d/g, '"rank":"R"');
    return JSON.parse(anyRank);
  };
  const codesOf = (failures: unknown, but = ""): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(failures as Record<string, { code?: string }>)
        .filter(([name]) => name !== but)
        .map(([name, { code }]) => [name, code]),
    );
  let alone: Record<string, unknown>;

  beforeAll(async () => {
    alone = await answers(onThreads);
  });

  test("calls pack their arguments as declared, and may take futures", () => {
    expect(alone["calls"]).toEqual({
      numbers: ["144", "9", "3.5", "ERR_ARGUMENT"], // The last: a bigint is no u32.
      row: "fffeffffffffffffff0000c03f",
      packed: ["93a1610192c3c0", "90"],
      bytes: ["cba", "xyz", ""],
    });
  });

  test("maps take ranges, typed arrays, arrays and rows, and end in every way", () => {
    expect(alone["maps"]).toEqual({
      kind: "BigInt64Array",
      squares: [2000, "1000000", "1"],
      sum: "333332833333500000",
      least: 2.5,
      count: 500,
      small: [
        ["-1", "0", "300"],
        ["4294967295", "0", "300"],
        ["255", "0", "44"],
        ["18446744073709551615", "0", "300"],
      ],
      columns: [4, 10, 18],
      converted: [4, 10, 18],
      rows: [4, 10],
      longs: ["25", "36"],
      packed: ["92a16100", "92a16201"],
      streamed: ["ba", "dc", "fe"],
      digest: "c6fd746a717ed82aaa7386829a54fe8eabb30c11cedcb50019e98ad3b6845b51",
    });
  });

  test("a function that fails gives its number and its text to whoever awaits the task", () => {
    expect(alone["failures"]).toMatchObject({
      withText: {
        name: "TaskError",
        code: "ERR_NATIVE_APP",
        message: "odd_only(8n) on rank R: the native app returned 4: a multiple of four.",
        data: { number: 4, text: "a multiple of four", rank: "R" },
      },
      withoutText: { code: "ERR_NATIVE_APP", data: { number: 2, text: null }, hint: expect.stringContaining("author") },
      settled: ["1", 2, "3", 4, "5", 2, "7", 4],
      batch: ["BatchError", "ERR_BATCH_FAILED", 4, expect.stringContaining("4 of 8 tasks")],
      tooLarge: { code: "ERR_NATIVE_APP", data: { text: "the result has 67108865 bytes; the most is 67108864" } },
    });
  });

  test("what cannot be given to a function, or asked of it, is refused before it is called", () => {
    expect(alone["failures"]).toMatchObject({
      notANumber: { code: "ERR_ARGUMENT", message: expect.stringContaining('argument 0 is "three", which is no i64') },
      inexact: { code: "ERR_ARGUMENT", message: expect.stringContaining("argument 0 is 0.5") },
      tooMany: { code: "ERR_ARGUMENT", message: expect.stringContaining("it takes 1 (i64), and was given 2") },
      noBytes: { code: "ERR_ARGUMENT", message: expect.stringContaining('argument 0 is "text", not bytes') },
      oneOfMany: [[1, expect.stringContaining('argument 0 is "two", which is no f64')]],
      columns: { code: "ERR_MAP_COLUMNS", message: expect.stringContaining("it was given 2 columns, and takes 1") },
      byApp: { code: "ERR_CONFIG", message: expect.stringContaining("square is native") },
      bytesSum: { code: "ERR_CONFIG", message: expect.stringContaining("which returns bytes") },
      walltime: { code: "ERR_CONFIG", message: expect.stringContaining("cannot be ended, so it has no walltime") },
    });
  });

  test.each(mpis)("have the same answers on 3 ranks of %s", async (mpi) => {
    expect(await answers(onRanks(mpi, 3))).toEqual(alone);
  });

  test.each([
    ["threads", onThreads, {}],
    ["the main thread", onThreads, { HEDDLE_EXECUTOR: "inline" }],
    ["2 ranks of mpich", onRanks("mpich", 2), {}],
  ] as const)("have the same answers in processes of their own, from %s", async (_name, way, env) => {
    const few = await answers(onThreads, { TASKS: "2000" });
    const apart = await answers(way, { ISOLATION: "process", TASKS: "2000", ...env });
    expect([apart["calls"], apart["maps"]]).toEqual([few["calls"], few["maps"]]);
    const { walltime, ...codes } = codesOf(apart["failures"]);
    expect(codes).toEqual(codesOf(few["failures"], "walltime"));
    expect(walltime).toBeUndefined(); // Those have one.
  });

  test("have the same answers on the main thread", async () => {
    expect(await answers(onThreads, { HEDDLE_EXECUTOR: "inline" })).toEqual(alone);
  });
});

function one(way: Way, libraries: string, name: string, env: Record<string, string> = {}): Promise<Ended> {
  return run(way.command([`${programs}/native-one.js`]), { env: { LIBRARY: libraries, FUNCTION: name, ...env } });
}

describe("a library", () => {
  const made = (name: string, content: Buffer | string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  // 183: AArch64. No compiler for it is needed: the linker looks at the head.
  const patched = (name: string): string => {
    const bytes = readFileSync(library);
    bytes.writeUInt16LE(183, 18);
    return made(name, bytes);
  };
  const unresolved = (name: string): string => {
    const source = made(`${name}.c`, "int missing(void);\nint square(void) { return missing(); }\n");
    compile(source, join(folder, name));
    return join(folder, name);
  };
  const mistakes: [what: string, path: () => string, name: string, code: string, said: RegExp, fix: RegExp][] = [
    ["that is missing", () => join(folder, "none.so"), "square", "LIBRARY", /none\.so: cannot open shared/, /gcc -O3/],
    ["that is none", () => made("text.so", "hello"), "square", "LIBRARY", /file too short/, /on a machine like this/],
    [
      "for another processor",
      () => patched("arm.so"),
      "square",
      "LIBRARY",
      /it was built for arm64, this process is x64/,
      /like this/,
    ],
    ["that lacks another", () => unresolved("half.so"), "square", "LIBRARY", /undefined symbol: missing/, /-lNAME/],
    ["without the function", () => library, "sqare", "SYMBOL", /has no function "sqare": .*undefined symbol/, /nm -D/],
  ];

  describe.each([
    ["threads", onThreads, {}],
    ["the main thread", onThreads, { HEDDLE_EXECUTOR: "inline" }],
    ...mpis.map((mpi): [string, Way, Record<string, string>] => [`2 ranks of ${mpi}`, onRanks(mpi, 2), {}]),
  ])("on %s", (_name, way, env) => {
    test.each(mistakes)(
      "%s is an error with its path before the body runs",
      async (_what, path, name, code, said, fix) => {
        const file = path();
        const { code: exitCode, stdout, stderr } = await one(way, file, name, env);
        // Where the other rank is still ending, MPICH's launcher writes of it to standard output.
        expect([exitCode, stdout.replace(/^=+\n= {3}BAD TERMINATION[\s\S]*?\n=+\n/m, "").trim()]).toEqual([1, ""]);
        expect(stderr).toContain(`ERR_NATIVE_${code}: App "one": the shared library ${file} `);
        expect(stderr).toMatch(said);
        expect(stderr).toMatch(new RegExp(`fix: .*${fix.source}`));
      },
    );
  });

  test.each(mpis)("may lie elsewhere on each rank of %s, but must have the same content", async (mpi: Mpi) => {
    const copy = join(folder, `copy-${mpi}.so`);
    copyFileSync(library, copy);
    expect(await one(onRanks(mpi, 2), `${library},${copy}`, "square")).toMatchObject({ code: 0, stdout: "1\n" });
    const other = join(folder, `other-${mpi}.so`);
    compile(join(repository, programs, "natives.c"), other, "-O1");
    const { code, stderr } = await one(onRanks(mpi, 2), `${library},${other}`, "square");
    expect(code).toBe(1);
    expect(stderr).toMatch(/ERR_APP_MISMATCH: rank 1 .*"one" has another definition/);
  });
});

describe("native slots", () => {
  test("are as many as the option says", async () => {
    const ended = await one(onThreads, library, "meet", { CALLS: "5", SLOTS: "5" });
    expect(ended).toMatchObject({ code: 0, stdout: "25\n" });
  });

  test("are as many as the environment says, where the program says nothing", async () => {
    const ended = await one(onThreads, library, "meet", { CALLS: "4", HEDDLE_NATIVE_SLOTS: "4" });
    expect(ended).toMatchObject({ code: 0, stdout: "16\n" });
  });

  test("cannot be none", async () => {
    const { code, stderr } = await one(onThreads, library, "square", { SLOTS: "0" });
    expect(code).toBe(1);
    expect(stderr).toContain("ERR_CONFIG: nativeSlots is 0.");
  });
});

describe("a function that crashes in a process of its own", () => {
  test.each([["threads", onThreads], ...mpis.map((mpi): [string, Way] => [mpi, onRanks(mpi, 2)])] as const)(
    "fails its task alone: %s",
    async (_name, way) => {
      const { code, stderr } = await one(way, library, "crash", { ISOLATION: "process" });
      expect(code).toBe(1);
      expect(stderr).toMatch(/ERR_TASK_CRASHED.*the task's process was ended by SIGSEGV/);
    },
  );
});

describe("a function that crashes", () => {
  test("ends the process by its signal", async () => {
    expect(await one(onThreads, library, "crash")).toMatchObject({ code: null, signal: "SIGSEGV", stdout: "" });
  });

  test.each(mpis)("ends the job under %s", async (mpi) => {
    const ended = await one(onRanks(mpi, 2), library, "crash");
    expect(ended.code).not.toBe(0);
    expect(ended.stdout).not.toMatch(/^\d+$/m);
  });
});

describe("the example", () => {
  const primes = (...flags: string[]): Promise<Ended> =>
    run([process.execPath, cli, "run", ...flags, "examples/native/primes.ts", "10"]);
  const answer =
    "664579 primes below 10 million\n5113 pairs of twins within the last million, the largest 9999971 and 9999973\n";

  test("builds its library and counts primes", async () => {
    rmSync(join(repository, "examples/native/primes.so"), { force: true });
    expect(await primes()).toMatchObject({ code: 0, stdout: answer });
  });

  test.each(mpis)("gives the same on 3 ranks of %s, which build it together", async (mpi) => {
    rmSync(join(repository, "examples/native/primes.so"), { force: true });
    expect(await primes("-n", "3", "--mpi", mpi)).toMatchObject({ code: 0, stdout: answer });
  });
});
