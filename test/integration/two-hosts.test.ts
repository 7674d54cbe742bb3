// Ranks on two hosts that share no memory: two network namespaces on one machine. Needs root and iproute2.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Mpi, mpis } from "../helpers/mpi.ts";
import { repository, run, type StartOptions, start } from "../helpers/run.ts";

const script = `${repository}test/cluster/two-hosts.sh`;
const hosts = (...args: string[]): string => execFileSync("bash", [script, ...args], { encoding: "utf8" });
// Somebody may be at work on hosts of their own making; then those serve, and stay.
const wereUp = existsSync("/run/netns/heddle-h1");

function job(mpi: Mpi, ranks: number, program: string[]): string[] {
  return ["bash", script, "mpiexec", mpi, String(ranks), process.execPath, ...program];
}

const options = (env: Record<string, string> = {}): StartOptions => ({ env, timeoutMs: 150_000 });

beforeAll(() => void hosts("up"));

afterAll(() => {
  if (!wereUp) hosts("down");
});

describe.each(mpis)("%s", (mpi) => {
  test("tasks, commands and megabytes go to both hosts, and the results come back", { timeout: 160_000 }, async () => {
    const before = Number(hosts("bytes"));
    const ended = await run(job(mpi, 4, ["test/integration/programs/hosts.js", "4"]), options());
    expect(ended).toMatchObject({ code: 0 });
    expect(JSON.parse(ended.stdout)).toEqual({
      places: { 0: "h1", 1: "h1", 2: "h2", 3: "h2" },
      commands: ["h1", "h2"],
      sums: true,
      squares: 333_328_333_350_000,
    });
    expect(Number(hosts("bytes")) - before).toBeGreaterThan(1 << 20);
  });

  test("SIGTERM to mpiexec ends the ranks of both hosts, children included", { timeout: 160_000 }, async () => {
    const running = start(job(mpi, 4, ["test/integration/programs/endless.js", "4"]), options());
    await running.output(/ranks \{/);
    running.kill("SIGTERM");
    const { code, signal } = await running.ended;
    expect(signal !== null || code !== 0).toBe(true);
  });

  test("SIGKILL of a rank on the other host ends the job", { timeout: 160_000 }, async () => {
    const running = start(job(mpi, 4, ["test/integration/programs/endless.js", "4"]), options());
    const [, pids] = await running.output(/ranks (\{.*\})/);
    process.kill(JSON.parse(pids as string)[3], "SIGKILL");
    const { code, signal } = await running.ended;
    expect(signal !== null || code !== 0).toBe(true);
  });
});

test("where the launcher lets the others live, they name the lost rank and its host", {
  timeout: 160_000,
}, async () => {
  const more = { OMPI_MCA_orte_enable_recovery: "1" };
  const running = start(job("openmpi", 4, ["test/integration/programs/endless.js", "4"]), options(more));
  const [, pids] = await running.output(/ranks (\{.*\})/);
  process.kill(JSON.parse(pids as string)[3], "SIGKILL");
  await running.output(/ERR_RANK_LOST: rank 3 on host h2 is lost/);
  await running.ended;
});
