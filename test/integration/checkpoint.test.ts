// Results that outlive the program: what was acknowledged survives, whatever happens to the process.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { cli, type Ended, run, start } from "../helpers/run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const program = "test/integration/programs/checkpoint.js";
const path = (): string => join(folder, "kept.mdb");
const linesOf = (name: string): string[] => {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
};

interface Work {
  first?: number;
  waves?: number;
  perWave?: number;
  options?: Record<string, unknown>;
}

function commandOf({ first = 0, waves = 1, perWave = 100, options = {} }: Work): string[] {
  return [program, folder, String(first), String(waves), String(perWave), JSON.stringify({ path: path(), ...options })];
}

async function works(work: Work, way: Way = onThreads): Promise<Record<string, number>> {
  const ended = await run(way.command(commandOf(work)));
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(ended.stdout.trim().split("\n").at(-1) as string) as Record<string, number>;
}

async function cache(...words: string[]): Promise<Ended> {
  return await run([process.execPath, cli, "cache", ...words, "--path", path()]);
}

test("a second run gets what the first one kept, on threads and on ranks", async () => {
  expect(await works({})).toEqual({ done: 100, "memo-done": 0 });
  expect(await works({ perWave: 150 })).toEqual({ done: 50, "memo-done": 200 });
  expect(await works({ perWave: 160 }, onRanks("mpich", 2))).toMatchObject({ done: 10 });
  expect(linesOf("ran")).toHaveLength(160);
});

test("killed at 50 moments, it runs no acknowledged task again", async () => {
  let first = 0;
  for (let kills = 0; kills < 50; kills++) {
    const before = linesOf("ran").length;
    const running = start(onThreads.command(commandOf({ first, waves: 10_000, perWave: 20 })));
    await running.output(/first wave/);
    await sleep((kills * 37) % 60); // Every moment of writing and committing is as likely.
    running.child.kill("SIGKILL");
    const ended = await running.ended;
    expect([ended.signal, ended.stderr]).toEqual(["SIGKILL", ""]);
    expect(linesOf("ran").length).toBeGreaterThan(before);
    first = 1 + Math.max(...linesOf("ran").map(Number));
  }
  const acknowledged = linesOf("acknowledged");
  expect(acknowledged.length).toBeGreaterThanOrEqual(50 * 20);
  expect((await works({ first, waves: 0 }))["memo-done"]).toBe(acknowledged.length);
  // What a run does first is to call all that was acknowledged: nothing of it is there twice.
  const runs = new Map<string, number>();
  for (const k of linesOf("ran")) runs.set(k, (runs.get(k) ?? 0) + 1);
  expect(acknowledged.filter((k) => runs.get(k) !== 1)).toEqual([]);
});

test("`heddle run --resume` keeps results of a program that sets no checkpoint", async () => {
  const command = [process.execPath, cli, "run", "--resume", join(process.cwd(), program), folder, "0", "1", "30"];
  const first = await run(command, { cwd: folder });
  expect(first).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining('{"done":30,"memo-done":0}') });
  const again = await run(command, { cwd: folder });
  expect(again.stdout).toContain('{"done":0,"memo-done":60}');
  const ranks = await run([...command.slice(0, 4), "-n", "2", ...command.slice(4)], { cwd: folder });
  expect(ranks).toMatchObject({ code: 0, stderr: "" });
  expect(ranks.stdout).toContain('{"done":0,"memo-done":90}');
});

test("maps keep their results as ranges: killed and resumed, they repeat nothing that was acknowledged", async () => {
  const command = (tasks: number, pauseMs: number): string[] =>
    onThreads.command(["test/integration/programs/map-checkpoint.js", folder, String(tasks), String(pauseMs)]);
  const all = (file: string): string[] =>
    ["numbers", "rows"].flatMap((kind) => linesOf(`${file}-${kind}`).map((x) => `${kind} ${x}`));
  for (let tries = 0; tries < 3; tries++) {
    const [ran, acknowledged] = [all("ran"), new Set(all("acknowledged"))];
    if (tries < 2) {
      const running = start(command(2_000, 1));
      while (new Set(all("acknowledged")).size < acknowledged.size + 100) await sleep(10);
      running.child.kill("SIGKILL");
      expect(await running.ended).toMatchObject({ signal: "SIGKILL", stderr: "" });
    } else expect(await run(command(2_100, 0))).toMatchObject({ code: 0, stdout: "[2100,2100]\n", stderr: "" });
    expect(all("ran").length).toBeGreaterThan(ran.length);
    for (const kind of ["numbers", "rows"]) {
      const now = linesOf(`ran-${kind}`).slice(ran.filter((x) => x.startsWith(kind)).length);
      expect(now.filter((x) => acknowledged.has(`${kind} ${x}`))).toEqual([]);
    }
  }
  expect(new Set(all("ran")).size).toBe(4_200);
  const kept = JSON.parse((await cache("ls", "--json")).stdout) as { app: string; results: number }[];
  expect(kept.map(({ app }) => app)).toEqual(["numbers", "rows"]);
  for (const { results } of kept) expect(results).toBeLessThan(200);
});

test("modes say when results are written", async () => {
  expect(await works({ options: { mode: "exit" } })).toEqual({ done: 100, "memo-done": 0 });
  expect(await works({ options: { mode: "manual" } })).toEqual({ done: 0, "memo-done": 100 });
  expect(await works({ first: 100, options: { mode: "periodic", period: 0.05 } })).toMatchObject({ done: 100 });
  expect(await works({ first: 100, options: { durability: "power" } })).toMatchObject({ done: 0 });
});

test("a result that was damaged is noticed, and runs again", async () => {
  await works({ perWave: 10 });
  const bytes = readFileSync(path());
  const at = bytes.indexOf("result of 7 result of 7");
  expect(at).toBeGreaterThan(0);
  for (let k = at; k >= 0; k = bytes.indexOf("result of 7 result of 7", k + 1)) bytes[k + 3] = 0x21;
  writeFileSync(path(), bytes);
  rmSync(join(folder, "acknowledged"));
  const ended = await run(onThreads.command(commandOf({ perWave: 10 })));
  expect(ended.stdout).toContain('{"done":1,"memo-done":9}');
  expect(ended.stderr).toBe("heddle: 1 results of the checkpoint were damaged, and ran again\n");
});

test("one process writes it at a time; others may read it, and what a killed one left is taken over", async () => {
  const running = start(onThreads.command(commandOf({ waves: 10_000 })));
  await running.output(/first wave/);
  const second = await run(onThreads.command(commandOf({})));
  expect(second.code).toBe(1);
  expect(second.stderr).toContain("ERR_CHECKPOINT_BUSY");
  expect(second.stderr).toContain(`is being written by process ${running.child.pid} on host`);
  expect((await cache("ls")).stdout).toContain("  work  version ");
  expect((await cache("gc")).stderr).toContain("ERR_CHECKPOINT_BUSY");
  running.child.kill("SIGKILL");
  await running.ended;
  rmSync(join(folder, "acknowledged"));
  expect(await works({})).toEqual({ done: 0, "memo-done": 100 });
});

test("where it cannot be written, or another is missing, the run says so and leaves no lock", async () => {
  writeFileSync(join(folder, "file"), "");
  const inside = await run(onThreads.command(commandOf({ options: { path: join(folder, "file", "kept.mdb") } })));
  expect([inside.code, inside.stderr]).toEqual([1, expect.stringContaining("cannot be opened: ")]);
  const missing = { options: { loadFrom: [join(folder, "missing.mdb")] } };
  const other = await run(onThreads.command(commandOf(missing)));
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("missing.mdb cannot be opened")]);
  expect(existsSync(`${path()}.owner`)).toBe(false);
});

test("where results cannot be written any more the run goes on, and says so", async () => {
  for (const durability of ["process", "power"]) {
    const work = commandOf({ waves: 0, perWave: 0, options: { path: join(folder, `${durability}.mdb`), durability } });
    const full = ["test/integration/programs/full.js", ...work.slice(-1)];
    const limited = ["bash", "-c", 'ulimit -f 200; exec "$@"', "limited", ...onThreads.command(full)]; // KiB of one file.
    const ended = await run(limited);
    expect(ended).toMatchObject({ code: 0, stdout: "100 done\nERR_CHECKPOINT\n1 done\n" });
    expect(ended.stderr).toMatch(/Results cannot be written to the checkpoint .*; the run goes on without\n/);
    expect(ended.stderr).toContain("does not have all results of this run");
  }
});

test("other checkpoints are read, and results grow old", async () => {
  await works({});
  rmSync(join(folder, "acknowledged"));
  const other = { options: { path: join(folder, "other.mdb"), loadFrom: [path()] } };
  expect(await works({ perWave: 120, ...other })).toEqual({ done: 20, "memo-done": 100 });
  rmSync(join(folder, "acknowledged"));
  expect(await works({ options: { ttl: 0.001 } })).toEqual({ done: 100, "memo-done": 0 });
});

test("what is over the limit goes, the least recently used first", async () => {
  await works({ perWave: 400 });
  rmSync(join(folder, "acknowledged"));
  await works({ first: 50, perWave: 50 }); // Used just now.
  rmSync(join(folder, "acknowledged"));
  await works({ first: 400, perWave: 10, options: { maxBytes: "64 KiB" } });
  const kept = JSON.parse((await cache("ls", "--json")).stdout) as { results: number; bytes: number }[];
  expect(kept[0]?.bytes).toBeLessThan(65_536);
  rmSync(join(folder, "acknowledged"));
  expect(await works({ first: 50, perWave: 50 })).toMatchObject({ "memo-done": 50 });
});

test("`heddle cache` lists, shows, removes and makes the file small", async () => {
  await works({ perWave: 300 });
  const [one] = JSON.parse((await cache("ls", "--json")).stdout) as { app: string; results: number; version: string }[];
  expect(one).toMatchObject({ app: "work", results: 300, version: expect.stringContaining("result of") });
  expect(
    (await cache("show", "work")).stdout.split("\n").filter((line) => line.includes('"result of 7 ')),
  ).toHaveLength(1);
  const shown = (await cache("show", "work")).stdout.trim().split("\n");
  const key = shown.find((line) => line.includes('"result of 7 '))?.split(" ")[0] as string;
  expect((await cache("show", "work", key.slice(0, 10))).stdout).toContain("  text: 'result of 7 result of 7 ");
  expect((await cache("rm", "work", key)).stdout).toBe("1 result removed\n");
  expect((await cache("show", "work", key)).stderr).toContain(
    `no result of app "work" with a key that begins with "${key}"`,
  );
  expect((await cache("rm", "wrok")).stderr).toContain("there are results of: work");
  const before = readFileSync(path()).length;
  expect((await cache("gc", "--ttl", "0.001")).stdout).toMatch(/^299 results removed; /);
  expect(readFileSync(path()).length).toBeLessThan(before);
  expect((await cache("rm", "--all")).stdout).toBe("0 results removed\n");
  expect((await cache("rm", "work")).stderr).toContain('has no results of an app "work"');
  expect((await cache("rm")).stderr).toContain("needs the name of an app");
  expect((await cache("sl")).stderr).toContain("`heddle cache sl` is no command.");
});

test("a task that calls an app with `cache` is told of, once: such calls are not remembered", async () => {
  const { code, stdout, stderr } = await run(onThreads.command(["test/integration/programs/nested-cache.js"]));
  expect([code, stdout, stderr.split("\n").length]).toEqual([0, "2 2, 3 3, 4 4\n", 2]);
  expect(stderr).toContain('heddle: a task calls app "inner", which has `cache`');
});
