// A program gives the same answer however it is started: alone, by mpiexec of either MPI, or from another program.

import { describe, expect, test } from "vitest";
import { mpis, onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { cli, run } from "../helpers/run.ts";

const programs = "test/integration/programs";
const ways: Way[] = [onThreads, ...mpis.flatMap((mpi) => [2, 4, 16].map((ranks) => onRanks(mpi, ranks)))];

const answer = {
  sum: 333_328_333_350_000,
  called: ["A", "B"],
  dataflow: "X",
  commands: ["x-0-", "y z-1-", "'-2-"],
};

describe.each(ways)("$name", ({ command, ranks }) => {
  test("a program runs, every rank works, and the answer is the same", async () => {
    const ended = await run(command([`${programs}/squares.js`, String(ranks)]));
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { ranks: worked, dice, ...rest } = JSON.parse(ended.stdout);
    expect(rest).toEqual(answer);
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
  test("starts and closes the engine on threads, and its main file is loaded once", async () => {
    const { code, stdout, stderr } = await run(onThreads.command([`${programs}/service.js`]));
    expect(stdout.split("\n")[0]).toBe('{"ranks":1,"greetings":["Hello, Ada","Hello, Grace"]}');
    expect(stdout).toContain("the service goes on\n");
    expect(stderr.match(/service loaded/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  test.each(mpis)("starts it with ranks under %s; those above 0 only serve", async (mpi) => {
    const { code, stdout } = await run(onRanks(mpi, 3).command([`${programs}/service.js`]));
    expect(stdout.split("\n")[0]).toBe('{"ranks":3,"greetings":["Hello, Ada","Hello, Grace"]}');
    expect(stdout.match(/the service goes on/g)).toHaveLength(1);
    expect(code).toBe(0);
  });
});

describe("heddle run", () => {
  test("runs a program on threads", async () => {
    const { code, stdout } = await run([process.execPath, cli, "run", "--workers", "1", `${programs}/squares.js`]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(answer);
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
