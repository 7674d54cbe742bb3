// A program gives the same answer however it is started: alone, by mpiexec of either MPI, or from another program.

import { describe, expect, test } from "vitest";
import { mpis, onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { cli, run } from "../helpers/run.ts";

const programs = "test/integration/programs";
const inline: Way = {
  name: "inline",
  ranks: 1,
  command: (program) => ["env", "HEDDLE_EXECUTOR=inline", process.execPath, ...program],
};
const ways: Way[] = [inline, onThreads, ...mpis.flatMap((mpi) => [2, 4, 16].map((ranks) => onRanks(mpi, ranks)))];

const answer = {
  sum: 333_328_333_350_000,
  called: ["A", "B"],
  dataflow: "X",
  commands: ["x-0-", "y z-1-", "'-2-"],
};

describe.each(ways)("$name", ({ name, command, ranks }) => {
  test("a program runs, every rank works, and the answer is the same", async () => {
    const ended = await run(command([`${programs}/squares.js`, String(ranks)]));
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { ranks: worked, dice, ...rest } = JSON.parse(ended.stdout);
    expect(rest).toEqual({ ...answer, inline: name === "inline" });
    expect(worked).toEqual(Array.from({ length: ranks }, (_, rank) => rank));
    expect(dice).toBe(await diceAlone());
  });
});

let alone: Promise<number> | null = null;

// What chance gave without ranks; everything else must get the same.
function diceAlone(): Promise<number> {
  alone ??= run(onThreads.command([`${programs}/squares.js`])).then(({ stdout }) => JSON.parse(stdout).dice);
  return alone;
}

describe("another program", () => {
  const service = `${programs}/service.js`;
  const greetings = ["Hello, Ada", "Hello, Grace"];

  test("starts the engine on threads, one at a time, and its main file is loaded once", async () => {
    const { code, stdout, stderr } = await run(onThreads.command([service]));
    expect(stdout.trim().split("\n")).toEqual([
      JSON.stringify({ ranks: 1, greetings }),
      "ERR_ALREADY_STARTED Hello, first",
      "Hello, again",
      "the service goes on",
    ]);
    expect(stderr.match(/service loaded/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  test.each(mpis)("starts it with ranks under %s, once; those above 0 only serve", async (mpi) => {
    const { code, stdout } = await run(onRanks(mpi, 3).command([service]));
    expect(stdout.trim().split("\n")).toEqual([
      JSON.stringify({ ranks: 3, greetings }),
      "ERR_ALREADY_STARTED Hello, first",
      "ERR_ALREADY_STARTED",
      "the service goes on",
    ]);
    expect(code).toBe(0);
  });
});

describe("heddle run", () => {
  test("runs a program on threads", async () => {
    const { code, stdout } = await run([process.execPath, cli, "run", "--workers", "1", `${programs}/squares.js`]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(answer);
  });

  test("flags are for the program, not for the commands that it starts", async () => {
    const flags = ["--workers", "3", "--config", "none"];
    const { stdout } = await run([process.execPath, cli, "run", ...flags, `${programs}/told.js`], {
      env: { HEDDLE_WORKERS: "2" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ slots: 3, stdout: "2\n" });
  });

  test("--executor inline runs its tasks on the main thread", async () => {
    const { code, stdout } = await run([
      process.execPath,
      cli,
      "run",
      "--executor",
      "inline",
      `${programs}/squares.js`,
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ...answer, inline: true, dice: await diceAlone() });
  });

  test.each(mpis)("-n starts ranks under %s", async (mpi) => {
    const { code, stdout } = await run([
      process.execPath,
      cli,
      "run",
      "-n",
      "3",
      "--mpi",
      mpi,
      `${programs}/squares.js`,
      "3",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ...answer, ranks: [0, 1, 2] });
  });
});
