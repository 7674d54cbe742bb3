// Ranks on two hosts that share no memory: two network namespaces on one machine. Needs root and iproute2.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Mpi, mpis } from "../helpers/mpi.ts";
import { processesWith, type Running, repository, run, type StartOptions, start } from "../helpers/run.ts";

const script = `${repository}test/cluster/two-hosts.sh`;
const hosts = (...args: string[]): string => execFileSync("bash", [script, ...args], { encoding: "utf8" });
// Somebody may be at work on hosts of their own making; then those serve, and stay.
const wereUp = existsSync("/run/netns/heddle-h1");

const launch = (mpi: Mpi, ranks: number, command: string[]): string[] => {
  return ["bash", script, "mpiexec", mpi, String(ranks), ...command];
};
const job = (mpi: Mpi, ranks: number, program: string[]): string[] =>
  launch(mpi, ranks, [process.execPath, ...program]);

/** Resolves when commands of the endless program run on both hosts. */
async function childrenOnBoth({ mark }: Running): Promise<void> {
  for (;;) {
    const commands = processesWith(mark).filter(({ command }) => command.startsWith("sleep 600"));
    // A host is a namespace of its own; what ended meanwhile has none.
    const places = commands.map(({ pid }) => (existsSync(`/proc/${pid}`) ? readlinkSync(`/proc/${pid}/ns/uts`) : null));
    if (new Set(places.filter((place) => place !== null)).size === 2) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const options = (env: Record<string, string> = {}): StartOptions => ({ env, timeoutMs: 150_000 });

beforeAll(() => {
  execFileSync("cmake", ["--build", "build", "--target", "mpi-contract", "-j2"], { cwd: repository });
  hosts("up");
}, 300_000);

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
      onNodes: [
        ["0 h1", "1 h1"],
        ["2 h2", "3 h2"],
      ],
      commands: ["h1", "h2"],
      sums: true,
      squares: 333_328_333_350_000,
    });
    expect(Number(hosts("bytes")) - before).toBeGreaterThan(1 << 20);
  });

  test("a file is put onto each host once, and crosses the cable once", { timeout: 160_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-hosts-file-"));
    const file = join(folder, "data");
    writeFileSync(file, randomBytes(16 << 20));
    const before = Number(hosts("bytes"));
    const to = `/dev/shm/heddle-test-${process.pid}`; // Each host has one of its own.
    const ended = await run(job(mpi, 4, ["test/integration/programs/hosts-file.js", "4", file, to]), options());
    const crossed = Number(hosts("bytes")) - before;
    rmSync(folder, { recursive: true });
    expect(ended).toMatchObject({ code: 0 });
    const { right, seen } = JSON.parse(ended.stdout);
    expect(seen).toEqual(["h1", "h1", "h2", "h2"].map((host, rank) => [rank, host, right]));
    expect(crossed).toBeGreaterThan(16 << 20);
    expect(crossed).toBeLessThan(24 << 20);
  });

  // With 3, rank 0 has one peer that rings its bell, and one that cannot.
  test.each([2, 3])(
    "frames between %i ranks keep the transport's contract, and cross the cable",
    {
      timeout: 160_000,
    },
    async (ranks) => {
      const before = Number(hosts("bytes"));
      const release = `${repository}build/Release`;
      const contract = [`${release}/mpi-contract`, `${release}/heddle-mpi-${mpi}.so`, "--no-colors"];
      const { code, stdout, stderr } = await run(launch(mpi, ranks, contract), options());
      expect(code, stdout + stderr).toBe(0);
      // The frame of 100 MB alone must show.
      expect(Number(hosts("bytes")) - before).toBeGreaterThan(100_000_000);
    },
  );

  test("SIGTERM to mpiexec ends the ranks of both hosts, children included", { timeout: 160_000 }, async () => {
    const running = start(job(mpi, 4, ["test/integration/programs/endless.js", "4"]), options());
    await running.output(/ranks \{/);
    await childrenOnBoth(running);
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

test("files are brought once to each host, also those that tasks of another made", async () => {
  const ended = await run(job("mpich", 4, ["test/integration/programs/files-on-hosts.js"]), options());
  expect(ended).toMatchObject({ code: 0 });
  expect(JSON.parse(ended.stdout)).toEqual({
    calls: ["h1: first", "h1: first", "h2: first", "h2: first"],
    mapped: ["first", "first", "first"],
    seen: ["h1: first", "h2: first"],
    versions: ["h1: old", "h2: old", "h1: new", "h2: new"],
    gets: 5, // Each host, and the first for what the second made, and for what it wrote again.
  });
});
