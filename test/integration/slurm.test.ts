// Ranks inside an allocation of a real Slurm, on two hosts that share no memory. Needs root and Slurm's Debian packages.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { type Mpi, mpis } from "../helpers/mpi.ts";
import { cli, processesWith, run, start } from "../helpers/run.ts";
import { inAllocation, onSlurm, useSlurm } from "../helpers/slurm.ts";

useSlurm();

const folder = mkdtempSync(join(tmpdir(), "heddle-slurm-"));
afterAll(() => rmSync(folder, { recursive: true }));

const programs = "test/integration/programs";
const soon = { timeoutMs: 40_000 };
const wait = { timeout: 30_000, interval: 100 };
const answer = { places: { 0: "h1", 1: "h1", 2: "h2", 3: "h2" }, squares: 333_328_333_350_000 };

const heddle = (...args: string[]): string[] => [process.execPath, cli, ...args];
const ranks = (mpi: Mpi, ...program: string[]): string[] => heddle("run", "-n", "4", "--mpi", mpi, ...program);

describe.each(mpis)("heddle run -n under %s", (mpi) => {
  test("starts ranks on both hosts, and ends with the code of the program", async () => {
    const ended = await run(inAllocation(...ranks(mpi, `${programs}/slurm.ts`, "4", "5")), soon);
    expect(JSON.parse(ended.stdout)).toEqual(answer);
    expect(ended.code).toBe(5);
  });

  test("ends when the program exits in the middle", async () => {
    const { code, stdout } = await run(inAllocation(...ranks(mpi, `${programs}/early.js`, "exit")), soon);
    expect(stdout).toBe("");
    // Slurm's PMI takes MPICH's abort for a SIGKILL of all ranks, rank 0 included, and forgets the code that came with it.
    expect(code).toBe(mpi === "mpich" ? 137 : 3);
  });

  test("scancel of the batch job leaves nothing behind", async () => {
    const output = join(folder, `${mpi}.out`);
    const script = ranks(mpi, `${programs}/endless.js`, "4").join(" ");
    const submit = onSlurm("sbatch", "--parsable", "-N", "2", "-n", "4", "-o", output, `--wrap=exec ${script}`);
    const { ended, mark } = start(submit, soon);
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    await vi.waitFor(() => expect(readFileSync(output, "utf8")).toMatch(/^ranks \{/m), wait);
    // Four ranks, srun and `heddle run`, and the commands of every rank: all would be seen if they stayed.
    await vi.waitFor(() => expect(sleepers(mark)).toBeGreaterThanOrEqual(4), wait);
    await run(onSlurm("scancel", stdout.trim()), soon);
    await vi.waitFor(() => expect(processesWith(mark)).toEqual([]), wait);
  });
});

describe("srun alone", () => {
  test.each([
    ["pmi2", "MPICH"],
    ["pmix", "Open MPI"],
  ])("--mpi=%s says to each task which rank of %s it is", async (pmi) => {
    const program = [process.execPath, `${programs}/squares.js`, "4"];
    const { code, stdout } = await run(inAllocation("srun", `--mpi=${pmi}`, ...program), soon);
    expect(JSON.parse(stdout)).toMatchObject({ sum: answer.squares, ranks: [0, 1, 2, 3] });
    expect(code).toBe(0);
  });

  test("without PMI is an error, not four programs that each believe to be alone", async () => {
    const { code, stdout, stderr } = await run(inAllocation("srun", process.execPath, `${programs}/hosts.js`), soon);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("ERR_LAUNCHER: srun started 4 tasks without PMI or PMIx");
  });
});

describe("heddle doctor", () => {
  test("in an allocation says that srun would start ranks", async () => {
    const { code, stdout } = await run(inAllocation(...heddle("doctor")), soon);
    expect(stdout).toMatch(/`heddle run -n RANKS program.js` starts ranks with srun for MPICH, inside Slurm job \d+/);
    expect(stdout).toContain("`node program.js` runs on threads of this process");
    expect(code).toBe(0);
  });

  test("in a step says which rank a program would be", async () => {
    const { code, stdout } = await run(inAllocation("srun", "--mpi=pmix", "-l", "-n", "2", ...heddle("doctor")), soon);
    expect(stdout).toMatch(/^0: .* a program is rank 0 of 2 under Open MPI/m);
    expect(stdout).toMatch(/^1: .* a program is rank 1 of 2 under Open MPI/m);
    expect(code).toBe(0);
  });
});

// The commands of endless.js, with children in sessions of their own.
function sleepers(mark: string): number {
  return processesWith(mark).filter(({ command }) => command.startsWith("sleep 600")).length;
}
