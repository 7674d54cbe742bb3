// How many slots a rank takes, on which cores they run, and what tasks are told.

import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { mpis, onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { run } from "../helpers/run.ts";

/** Milliseconds. */
interface When {
  began: number;
  ended: number;
}

interface Seen {
  commands: (When & { rank: number; slot: number; threads: string; gpus: string; allowed: string })[];
  tasks: (When & { rank: number; worker: number; cores: number; gpus: string[]; allowed: string; env: string })[];
}

const cores = availableParallelism();
const clean = { HEDDLE_WORKERS: null, OMP_NUM_THREADS: null, CUDA_VISIBLE_DEVICES: null };

async function place(command: readonly string[], env: Record<string, string | null> = {}): Promise<Seen> {
  const ended = await run(command, { env: { ...clean, ...env } });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(ended.stdout) as Seen;
}

const program = (options = {}, resources = {}): string[] => [
  "test/integration/programs/place.js",
  ...["24", "24", JSON.stringify(options), JSON.stringify(resources)],
];

const slotsOf = (seen: Seen) => new Set(seen.commands.map(({ slot }) => slot)).size;
const workersOf = (seen: Seen) => new Set(seen.tasks.map(({ worker }) => worker)).size;
const allowedIn = (list: readonly { allowed: string }[]) => new Set(list.map(({ allowed }) => allowed));

test("auto takes one worker for each core of the affinity mask", async () => {
  const alone = await place(["taskset", "-c", "1", ...onThreads.command(program({ workers: "auto" }))]);
  expect([slotsOf(alone), workersOf(alone)]).toEqual([1, 1]);
  const all = await place(onThreads.command(program({ workers: "auto" })), { HEDDLE_WORKERS: "1" });
  expect([slotsOf(all), workersOf(all)]).toEqual([cores, cores]);
});

test.skipIf(!mayLimit())("auto takes no more workers than the quota of the cgroup has cores", async () => {
  const group = `/sys/fs/cgroup/cpu/heddle-test-${process.pid}`;
  mkdirSync(group);
  try {
    writeFileSync(`${group}/cpu.cfs_quota_us`, "60000");
    const join = `echo $$ > ${group}/cgroup.procs && exec "$@"`;
    const seen = await place(["sh", "-c", join, "sh", ...onThreads.command(program())]);
    expect([slotsOf(seen), workersOf(seen)]).toEqual([1, 1]);
  } finally {
    rmdirSync(group);
  }
});

function mayLimit(): boolean {
  const group = `/sys/fs/cgroup/cpu/heddle-test-try-${process.pid}`;
  try {
    mkdirSync(group);
    rmdirSync(group);
    return cores > 1;
  } catch {
    return false;
  }
}

test("with affinity each slot keeps to a core of its own", async () => {
  const seen = await place(onThreads.command(program({ affinity: "cores", workers: 2 })));
  for (const { slot, allowed } of seen.commands) expect(allowed).toBe(String(slot));
  for (const { worker, allowed } of seen.tasks) expect(allowed).toBe(String(worker));
  expect([slotsOf(seen), workersOf(seen)]).toEqual([2, 2]);
});

test("slots that outnumber cores are bound to none, nor are any without affinity", async () => {
  const all = `0-${cores - 1}`;
  const free = await place(onThreads.command(program()));
  expect(allowedIn([...free.commands, ...free.tasks])).toEqual(new Set([all]));
  const env = { HEDDLE_AFFINITY: "cores", HEDDLE_WORKERS: "1", HEDDLE_PROCESS_SLOTS: String(cores + 1) };
  const seen = await place(onThreads.command(program()), env);
  expect(allowedIn(seen.commands)).toEqual(new Set([all]));
  expect(allowedIn(seen.tasks)).toEqual(new Set(["0"]));
});

test.each(mpis)("ranks of %s on one node share its cores, and keep apart with affinity", async (mpi) => {
  const two = ["taskset", "-c", "0,1", ...onRanks(mpi, 2).command(program())];
  const seen = await place(two, { HEDDLE_AFFINITY: "cores" });
  for (const { rank, allowed } of seen.commands) expect(allowed).toBe(String(rank));
  for (const { rank, allowed } of seen.tasks) expect(allowed).toBe(String(rank));
  expect(new Set(seen.commands.map(({ rank }) => rank))).toEqual(new Set([0, 1]));
  expect(new Set(seen.tasks.map(({ rank }) => rank))).toEqual(new Set([0, 1]));
});

test("ranks that their launcher bound apart keep all that they were given", async () => {
  const [, ...rest] = onRanks("openmpi", 1).command([]);
  const bound = rest.filter((word) => word !== "--bind-to" && word !== "none" && word !== process.execPath);
  const one = [...bound.slice(0, -2), "--bind-to", "core", "-n", "2", process.execPath, ...program()];
  const seen = await place(["mpiexec.openmpi", ...one]);
  for (const { rank, allowed } of [...seen.commands, ...seen.tasks]) expect(allowed).toBe(String(rank));
});

test("a task is told its rank, its slot, and what it may use", async () => {
  const env = { HEDDLE_GPUS: "0,1,2,3", HEDDLE_WORKERS: "2" };
  const seen = await place(onThreads.command(program()), env);
  for (const { slot, threads, gpus } of seen.commands) {
    expect({ threads, gpus }).toEqual({ threads: "1", gpus: slot === 0 ? "0,1" : "2,3" });
  }
  for (const task of seen.tasks) {
    const gpus = task.worker === 0 ? ["0", "1"] : ["2", "3"];
    expect(task).toMatchObject({ rank: 0, cores: 1, gpus, env: `0.${task.worker}` });
  }
});

test("ranks of a node with the same GPUs share them; without GPUs nothing is set", async () => {
  const shared = await place(onRanks("mpich", 2).command(program()), { CUDA_VISIBLE_DEVICES: "4,5" });
  for (const { rank, gpus } of shared.commands) expect(gpus).toBe(rank === 0 ? "4" : "5");
  const none = await place(onThreads.command(program()), { HEDDLE_GPUS: "none", OMP_NUM_THREADS: "7" });
  for (const { threads, gpus } of none.commands) expect({ threads, gpus }).toEqual({ threads: "7", gpus: "none" });
});

test.skipIf(cores < 2)("with affinity a task that asks for cores is bound to as many", async () => {
  const options = { affinity: "cores", workers: 2 };
  const seen = await place(["taskset", "-c", "0,1", ...onThreads.command(program(options, { cores: 2 }))]);
  for (const { threads, allowed } of seen.commands)
    expect({ threads, allowed }).toEqual({ threads: "2", allowed: "0-1" });
  for (const task of seen.tasks) expect(task).toMatchObject({ cores: 2, allowed: "0-1" });
});

test("GPUs that tasks asked for are theirs alone while they run", async () => {
  const env = { HEDDLE_GPUS: "0,1,2,3,4", HEDDLE_WORKERS: "3" };
  const seen = await place(onThreads.command(program({}, { gpus: 2 })), env);
  const commands = seen.commands.map((each) => ({ ...each, gpus: each.gpus.split(",") }));
  const all = [...commands, ...seen.tasks];
  for (const { gpus } of all) expect([...new Set(gpus), ...gpus.filter((gpu) => gpu > "4")]).toHaveLength(2);
  for (const one of all) {
    const beside = all.filter((other) => other !== one && other.began < one.ended && one.began < other.ended);
    expect(beside.flatMap(({ gpus }) => gpus)).not.toEqual(expect.arrayContaining([one.gpus[0]]));
    expect(beside.flatMap(({ gpus }) => gpus)).not.toEqual(expect.arrayContaining([one.gpus[1]]));
  }
});

test("HEDDLE_TOKENS says how many tokens there are, for commands on all ranks", async () => {
  const needs = { tokens: { seat: 1 } };
  const seen = await place(onRanks("mpich", 2).command(program({}, needs)), { HEDDLE_TOKENS: "seat=1" });
  const order = [...seen.commands, ...seen.tasks].sort((a, b) => a.began - b.began);
  for (const [k, { ended }] of order.slice(0, -1).entries()) expect(order[k + 1]?.began).toBeGreaterThanOrEqual(ended);
});

test("with ageing, what has waited for longer than the difference of priorities goes first", async () => {
  const command = ["test/integration/programs/ageing.js"];
  const order = async (setting: Way, env: Record<string, string>) =>
    JSON.parse((await run(setting.command(command), { env: { ...env, HEDDLE_WORKERS: "1" } })).stdout) as string;
  for (const setting of [onThreads, onRanks("mpich", 2)]) {
    expect(await order(setting, {})).toBe("high high high low low low");
    expect(await order(setting, { HEDDLE_AGEING: "0.02" })).toBe("low low low high high high");
  }
  expect(await order(onThreads, { HEDDLE_AGEING: "0.02", HEDDLE_EXECUTOR: "inline" })).toMatch(/^low/);
});

test("a wrong setting is named with the words that are allowed", async () => {
  const wrong = (env: Record<string, string>) => run(onThreads.command(program()), { env });
  expect((await wrong({ HEDDLE_AFFINITY: "socket" })).stderr).toContain('HEDDLE_AFFINITY is "socket".');
  expect((await wrong({ HEDDLE_GPUS: "0,,1" })).stderr).toContain('HEDDLE_GPUS is "0,,1".');
  expect((await wrong({ HEDDLE_MEMORY: "lots" })).stderr).toContain('HEDDLE_MEMORY is "lots".');
  expect((await wrong({ HEDDLE_TOKENS: "seat" })).stderr).toContain('HEDDLE_TOKENS is "seat".');
  expect((await wrong({ HEDDLE_AGEING: "-1" })).stderr).toContain("HEDDLE_AGEING is");
  expect((await wrong({ HEDDLE_WORKERS: "0" })).stderr).toContain("HEDDLE_WORKERS is 0.");
  expect((await wrong({ HEDDLE_PROCESS_SLOTS: "many" })).stderr).toContain('HEDDLE_PROCESS_SLOTS is "many".');
});
