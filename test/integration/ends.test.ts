// How a job ends that is not let run to its end: signals to all and to one, a rank that is killed, a reader that is gone.
// After each of them no process may be left, whatever it was doing; helpers/run.ts looks.

import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { type Mpi, mpiexec, mpis, onThreads } from "../helpers/mpi.ts";
import { cli, type Ended, processesWith, type Running, run, start } from "../helpers/run.ts";

const endless = "test/integration/programs/endless.js";
const lostWithin = 15_000; // Promised are 5 s; cores may be slow here.

/** Starts the endless program and waits until every rank works and every command has children. */
async function busy(
  command: (program: string[]) => string[],
  ranks: number,
  mode = "busy",
): Promise<[Running, number[]]> {
  const job = start(command([endless, String(ranks), mode]));
  const [, found] = await job.output(/ranks (\{.*\})/);
  if (mode !== "idle") await children(job, ranks);
  return [job, Object.values(JSON.parse(found as string))];
}

async function children(job: Running, atLeast: number): Promise<void> {
  const sleeping = (): number =>
    processesWith(job.mark).filter(({ command }) => command.startsWith("sleep 600")).length;
  while (sleeping() < atLeast) await new Promise((resolve) => setTimeout(resolve, 50));
}

function failed({ code, signal }: Ended): boolean {
  return signal !== null || code !== 0;
}

describe("on threads", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends everything, children included", async (signal, code) => {
    const [job] = await busy(onThreads.command, 1);
    job.kill(signal);
    const ended = await job.ended;
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(`heddle: ${signal} received; ending all tasks`);
  });

  test("a worker that never looks up does not stop a signal", async () => {
    const [job] = await busy(onThreads.command, 1, "spin");
    job.kill("SIGTERM");
    expect((await job.ended).code).toBe(143);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)("%s leaves no process of isolated tasks", async (signal) => {
    const [job] = await busy(onThreads.command, 1, "apart");
    await children(job, 2);
    job.kill(signal);
    expect(failed(await job.ended)).toBe(true);
  });

  test("SIGKILL leaves no children", async () => {
    const [job] = await busy(onThreads.command, 1);
    job.kill("SIGKILL");
    expect((await job.ended).signal).toBe("SIGKILL");
  });
});

describe.each(mpis)("under %s", (mpi) => {
  const ranks = (count: number) => (program: string[]) => mpiexec(mpi, count, program);

  test.each(["SIGINT", "SIGTERM"] as const)("%s to mpiexec ends all ranks", async (signal) => {
    const [job] = await busy(ranks(2), 2);
    job.kill(signal);
    const ended = await job.ended;
    expect(failed(ended)).toBe(true);
    expect(ended.stderr).toMatch(/heddle: SIG(INT|TERM) received on rank \d; ending all tasks/);
  });

  test("SIGKILL to mpiexec ends all ranks", async () => {
    const [job] = await busy(ranks(2), 2);
    job.kill("SIGKILL");
    expect((await job.ended).signal).toBe("SIGKILL");
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s to one rank ends all of them", async (signal) => {
    const [job, pids] = await busy(ranks(2), 2);
    process.kill(pids[1] as number, signal);
    const ended = await job.ended;
    expect(failed(ended)).toBe(true);
    expect(ended.stderr).toContain(`heddle: ${signal} received on rank 1; ending all tasks`);
  });

  test.each([0, 1])("SIGKILL to rank %i ends the job", async (rank) => {
    const [job, pids] = await busy(ranks(2), 2);
    process.kill(pids[rank] as number, "SIGKILL");
    expect(failed(await job.ended)).toBe(true);
  });

  test.each([
    [1, "busy"],
    [1, "idle"],
    [0, "busy"],
  ])("where the launcher lets them, the others say that rank %i of a job that is %s is lost", async (rank, mode) => {
    const [job, pids] = await busy(surviving(mpi, 3), 3, mode);
    const began = Date.now();
    process.kill(pids[rank] as number, "SIGKILL");
    await job.output(new RegExp(`ERR_RANK_LOST: rank ${rank} on host \\S+ is lost`));
    expect(Date.now() - began).toBeLessThan(lostWithin);
    const ended = await job.ended;
    // Open MPI's mpiexec ends with 0 whenever it was told to go on without a rank.
    if (mpi === "mpich") expect(failed(ended)).toBe(true);
    expect(ended.stderr).toContain("fix: ");
  });

  test.each([0, 1])("where start() was called, the others end too when rank %i is lost", async (rank) => {
    const job = start(surviving(mpi, 3)(["test/integration/programs/served-endless.js"]));
    const [, found] = await job.output(/ranks (\{.*\})/);
    process.kill(JSON.parse(found as string)[rank], "SIGKILL");
    // The program of rank 0 hears of it like of any failure.
    await job.output(rank === 0 ? /rank 1 \(\S+\): ERR_RANK_LOST: rank 0 / : /caught ERR_RANK_LOST/);
    await job.ended;
  });
});

// By default a launcher that lost a rank kills the others at once, before they could say why.
function surviving(mpi: Mpi, count: number): (program: string[]) => string[] {
  if (mpi === "openmpi") return (program) => mpiexec(mpi, count, program, ["--enable-recovery"]);
  // Hydra takes a connection that closed for the end of the job: a shell keeps that of the lost rank open for a while.
  const shell = ["sh", "-c", 'trap "" USR1; "$@"; code=$?; [ $code -lt 128 ] || sleep 20; exit $code', "sh"];
  return (program) => [
    "mpiexec.mpich",
    "-disable-auto-cleanup",
    "-n",
    String(count),
    ...shell,
    process.execPath,
    ...program,
  ];
}

describe("a reader that is gone", () => {
  const printing = "test/integration/programs/early.js printMuch";

  test("ends a program on threads with a code", async () => {
    const line = `{ ${process.execPath} ${printing}; echo "code $?" >&2; } | head -1`;
    const { stdout, stderr } = await run(["sh", "-c", line]);
    expect(stdout).toBe("line 0 0\n");
    expect(stderr).toMatch(/ERR_STDOUT_CLOSED: .*\n {2}fix: /);
    expect(stderr).toContain("code 1\n");
  });

  // There the launcher is the one that writes, and the one that ends first.
  test.each(mpis)("ends the launcher and all ranks of %s", async (mpi) => {
    const command = mpiexec(mpi, 2, printing.split(" ")).join(" ");
    const { stdout, stderr } = await run(["sh", "-c", `{ ${command}; echo "code $?" >&2; } | head -1`]);
    expect(stdout).toBe("line 0 0\n");
    expect(stderr).toMatch(/code [1-9]/);
  });
});

describe("heddle run -n", () => {
  const ranks = (mpi: Mpi) => (program: string[]) => [
    process.execPath,
    cli,
    "run",
    "-n",
    "2",
    "--mpi",
    mpi,
    ...program,
  ];

  test.each(mpis)("ends with its ranks, and passes SIGTERM on, under %s", async (mpi) => {
    const [job] = await busy(ranks(mpi), 2);
    job.kill("SIGTERM");
    const ended = await job.ended;
    expect(failed(ended)).toBe(true);
    expect(ended.stderr).toContain("heddle: SIGTERM received on rank 0");
  });

  test.each(mpis)("names the rank that was killed, and its host, under %s", async (mpi) => {
    const [job, pids] = await busy(ranks(mpi), 2);
    process.kill(pids[1] as number, "SIGKILL");
    const ended = await job.ended;
    expect(failed(ended)).toBe(true);
    expect(ended.stderr).toContain(
      `heddle: ERR_RANK_LOST: rank 1 on host ${hostname()} was ended by signal 9 (Killed)\n  fix: `,
    );
  });

  test.each(mpis)("leaves no rank behind when it is killed, under %s", async (mpi) => {
    const [job] = await busy(ranks(mpi), 2);
    job.kill("SIGKILL");
    expect((await job.ended).signal).toBe("SIGKILL");
  });

  test("ends with the code of the program", async () => {
    const { code } = await run(ranks("mpich")(["test/integration/programs/early.js", "exit"]));
    expect(code).toBe(3);
  });
});
