// Mistakes in a program, and in how it is started: each ends with an error that says what and where, and with no process left.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Mpi, mpiexec, mpis, onRanks, onThreads } from "../helpers/mpi.ts";
import { copyPackage } from "../helpers/package-copy.ts";
import { cli, type Ended, run } from "../helpers/run.ts";

const early = "test/integration/programs/early.js";
const squares = "test/integration/programs/squares.js";
const runCli = (...args: string[]): Promise<Ended> => run([process.execPath, cli, ...args]);

describe("a program on threads", () => {
  test.each([
    ["duplicate", "ERR_APP_DUPLICATE", 'Two apps are named "square"'],
    ["late", "ERR_APP_LATE", 'App "late" is defined after run()'],
    ["notStarted", "ERR_NOT_STARTED", 'App "square" was called before run()'],
    ["twice", "ERR_ALREADY_STARTED", "run() was called twice"],
    ["unawaited", "ERR_UNAWAITED", "never awaited"],
    ["workersDiffer", "ERR_APP_UNKNOWN", 'this worker knows no app "onlyHere"'],
    ["brokenWorker", "ERR_PROGRAM", "this thread cannot load the program"],
  ])("%s: %s", async (name, code, text) => {
    const ended = await run(onThreads.command([early, name]));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(code);
    expect(ended.stderr).toContain(text);
    expect(ended.stderr).toContain("fix: ");
  });

  test("that throws shows the error with its stack and cause, and ends with 1", async () => {
    const { code, stdout, stderr } = await run(onThreads.command([early, "throws"]));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/RangeError: the body gave up\n\s+at .*early\.js:\d+/);
    expect(stderr).toContain("caused by Error: for this reason");
  });

  test.each([
    ["exit", 3],
    ["exitWell", 0],
    ["uncaught", 1],
  ])("that ends itself (%s) ends with code %i", async (name, code) => {
    expect((await run(onThreads.command([early, name]))).code).toBe(code);
  });
});

describe.each(mpis)("ranks of %s", (mpi) => {
  const ranks = (name: string): Promise<Ended> => run(onRanks(mpi, 2).command([early, name]));

  test.each([
    [
      "ranksDiffer",
      /ERR_APP_MISMATCH: rank 1 on host \S+ has other apps than rank 0: "onlyThere" is not defined on rank 0/,
    ],
    ["sourceDiffers", /ERR_APP_MISMATCH: rank 1 on host \S+ has other apps than rank 0: "cube" has another definition/],
    ["tokensDiffer", /ERR_APP_MISMATCH: rank 1 on host \S+ has .*: "tokens of seat" has another definition on rank 0/],
  ])("that hold different apps (%s) do not start, and both are named", async (name, text) => {
    const ended = await ranks(name);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).toMatch(text);
    expect(ended.stderr).toContain("fix: ");
  });

  test("of which one cannot load the program end, instead of waiting for it", async () => {
    const ended = await ranks("brokenRank");
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("this rank cannot load the program");
  });

  test("whose workers cannot load the program name the rank", async () => {
    const ended = await ranks("brokenWorker");
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/ERR_PROGRAM: A worker of rank \d \(\S+\) cannot load the program/);
  });

  test.each([
    ["throws", 1, "RangeError: the body gave up"],
    ["uncaught", 1, "Error: nobody catches this"],
    ["twice", 1, "ERR_ALREADY_STARTED"],
    ["exit", 3, ""],
    ["exitWell", 0, ""],
  ])("end as rank 0 does: %s with code %i", async (name, code, text) => {
    const ended = await ranks(name);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(text);
  });

  test("with the library of the other MPI see that they are alone, and stop", async () => {
    const other = mpi === "mpich" ? "openmpi" : "mpich";
    const ended = await run(mpiexec(mpi, 2, [squares]), { env: { HEDDLE_MPI: other } });
    expect(ended.code).not.toBe(0);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).toMatch(/ERR_MPI_MISMATCH: the launcher started rank \d of 2, but \S+ says rank 0 of 1/);
    expect(ended.stderr).toContain("fix: ");
  });

  test("cannot start ranks of their own", async () => {
    const ended = await run(mpiexec(mpi, 2, [cli, "run", "-n", "2", squares]));
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/ERR_LAUNCHER: -n 2 was given to rank \d of a job that has 2 ranks already/);
  });
});

describe("settings", () => {
  test.each([
    [{ HEDDLE_EXECUTOR: "cloud" }, "ERR_CONFIG", 'HEDDLE_EXECUTOR is "cloud"'],
    [{ HEDDLE_EXECUTOR: "mpi" }, "ERR_LAUNCHER", "this process was started alone"],
    [{ HEDDLE_MPI: "lam" }, "ERR_CONFIG", 'HEDDLE_MPI is "lam"'],
    [{ HEDDLE_WORKERS: "0" }, "ERR_CONFIG", "HEDDLE_WORKERS is 0"],
    [
      { SLURM_STEP_ID: "0", SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "8" },
      "ERR_LAUNCHER",
      "srun started 8 tasks without PMI",
    ],
  ])("%o: %s", async (env, code, text) => {
    const ended = await run(onThreads.command([squares]), { env: env as unknown as Record<string, string> });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`heddle: ${code}: `);
    expect(ended.stderr).toContain(text);
    expect(ended.stderr).toContain("fix: ");
  });
});

describe("the command line", () => {
  test.each([
    [["rnu", squares], '"rnu" is no command.\n  fix: did you mean `heddle run`?'],
    [[squares], `to run a program: heddle run ${squares}`],
    [["run", "--wokers", "2", squares], "did you mean --workers?"],
    [["run", "-n", "two", squares], '-n is "two"'],
    [["run"], "`heddle run` needs a program file."],
    [["doctor", "--yaml"], "`heddle doctor` has no option --yaml."],
    [["build-mpi", "lam"], 'the MPI is "lam".'],
  ])("%o gets a suggestion, and code 2", async (args, text) => {
    const ended = await runCli(...args);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(text);
  });

  test("teaches", async () => {
    const { stdout } = await runCli("--help");
    for (const word of ["node screen.js", "mpiexec -n 64", 'import { start } from "heddle"', "heddle doctor"]) {
      expect(stdout).toContain(word);
    }
    expect((await runCli("run", "--help")).stdout).toContain("--workers");
    expect((await runCli("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("a program that is not there is named", async () => {
    const ended = await runCli("run", "no-such-program.ts");
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("ERR_PROGRAM");
    expect(ended.stderr).toContain("no-such-program.ts");
  });
});

describe("heddle doctor", () => {
  test("finds everything in order here, for people and for programs", async () => {
    const people = await runCli("doctor");
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toContain("Nothing is broken.");
    const { healthy, findings, mpis: seen } = JSON.parse((await runCli("doctor", "--json")).stdout);
    expect(healthy).toBe(true);
    expect(findings.length).toBeGreaterThan(8);
    expect(seen.mpich.library).toContain("heddle-mpi-mpich.so");
    expect(seen.openmpi.library).toContain("heddle-mpi-openmpi.so");
  });

  test.each(mpis)("started by mpiexec of %s it sees that", async (mpi) => {
    const { stdout } = await run(mpiexec(mpi, 1, [cli, "doctor"]));
    expect(stdout).toContain(`a program is rank 0 of 1 under ${mpi === "mpich" ? "MPICH" : "Open MPI"}`);
  });
});

describe("a package whose MPI libraries are not built", () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-not-built-"));
  const copy = join(folder, "package");
  const cache = join(folder, "cache");
  const program = join(copy, "program.js");

  beforeAll(() => {
    copyPackage(copy);
    mkdirSync(cache);
    // Open MPI's mpiexec looks for it, and does not use it on one node.
    symlinkSync("/bin/false", join(folder, "ssh"));
    const text = 'import { app, range, run } from "heddle";\nconst one = app("one", () => 1, { returns: "u32" });\n';
    writeFileSync(program, `${text}await run(async () => console.log(await one.map(range(0, 9)).reduce("sum")));\n`);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  // Open MPI's mpiexec adds its own folder to PATH: there its compiler wrapper finds no compiler.
  const noCompiler = { PATH: folder, OMPI_CXX: "no-such-compiler" };

  const started = (mpi: Mpi, more: Record<string, string>): Promise<Ended> => {
    const [launcher, ...rest] = mpiexec(mpi, 2, [program]) as [string, ...string[]];
    const env = { XDG_CACHE_HOME: cache, HOME: folder, ...more };
    return run([`/usr/bin/${launcher}`, ...rest], { env, timeoutMs: 300_000 });
  };

  test.each(mpis)("says so under %s where there is no compiler, and how to get one", async (mpi) => {
    const ended = await started(mpi, noCompiler);
    expect(ended.code).not.toBe(0);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).toContain(`ERR_MPI_NOT_BUILT: Started under ${mpi}`);
    expect(ended.stderr).toMatch(/fix: .*npx heddle build-mpi/);
  });

  test("heddle doctor tells what is missing", async () => {
    const ended = await run([process.execPath, join(copy, "dist/cli/main.js"), "doctor"], {
      env: {
        PATH: folder,
        XDG_CACHE_HOME: join(folder, "empty"),
        HOME: folder,
        OMPI_COMM_WORLD_SIZE: "4",
        OMPI_COMM_WORLD_RANK: "0",
      },
    });
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/BROKEN {2}a program is rank 0 of 4 under Open MPI.*\n\s+fix: apt-get install/);
  });

  test.each(mpis)(
    "builds the library of %s on first need, once for all ranks, with a line that says so",
    {
      timeout: 320_000,
    },
    async (mpi) => {
      const ended = await started(mpi, {});
      expect(ended).toMatchObject({ code: 0, stdout: "9\n" });
      const line = new RegExp(`^heddle: first run under ${mpi}: building .*heddle-mpi-${mpi}\\.so`, "gm");
      expect(ended.stderr.match(line)).toHaveLength(1);
      expect(await started(mpi, {})).toMatchObject({ code: 0, stdout: "9\n", stderr: "" });
    },
  );
});

describe("TypeScript", () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-typescript-"));
  const program = join(folder, "main.ts");

  beforeAll(() => {
    writeFileSync(join(folder, "cube.ts"), "export const cube = (n: number): number => n ** 3;\n");
    const text = `import { app, range, run, context } from "heddle";
import { cube } from "./cube.ts";
const cubes = app("cubes", cube, { returns: "f64" });
const fails = app("fails", (n: number): number => {
  throw new Error(\`no \${n}\`);
});
await run(async () => {
  console.log(await cubes.map(range(0, 100)).reduce("sum"), process.argv.slice(2).join());
  if (process.argv[2] === "fail") await fails(1);
});
`;
    writeFileSync(program, text);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("outside of any package runs on threads, and its stacks name the source", async () => {
    expect(await runCli("run", program, "a", "b")).toEqual({
      code: 0,
      signal: null,
      stdout: "24502500 a,b\n",
      stderr: "",
    });
    const failing = await runCli("run", program, "fail");
    expect(failing.code).toBe(1);
    expect(failing.stderr).toContain(`${program}:5:9`);
  });

  test.each(mpis)("runs on ranks that `heddle run -n` starts under %s", async (mpi) => {
    expect(await runCli("run", "-n", "2", "--mpi", mpi, program)).toMatchObject({ code: 0, stdout: "24502500 \n" });
  });

  test.each(mpis)("is compiled by rank 0 alone where mpiexec of %s starts `heddle run`", async (mpi) => {
    rmSync(join(folder, ".heddle"), { recursive: true, force: true });
    expect(await run(mpiexec(mpi, 3, [cli, "run", program]))).toMatchObject({ code: 0, stdout: "24502500 \n" });
  });

  test("that does not compile ends all ranks at once, with the line", async () => {
    const broken = join(folder, "broken.ts");
    writeFileSync(broken, "const x: = 1;\n");
    const ended = await run(mpiexec("mpich", 2, [cli, "run", broken]));
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/ERR_PROGRAM: .*broken\.ts does not compile:[\s\S]*broken\.ts:1:9/);
  });
});
