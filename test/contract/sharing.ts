/** Promises that are hard to keep where several ranks have a share of one map. Each task takes a while, so that they do. */

import { type BatchError, type DependencyError, type HeddleError, range, type TaskError } from "heddle";
import { expect } from "vitest";
import {
  add,
  draw,
  drawSlowly,
  join,
  later,
  letterSlowly,
  megabyte,
  oddSlowly,
  square,
  sumSlowly,
} from "../helpers/apps.ts";
import { type Checks, failureOf, quiet, shared, tasksByRank, tasksRun } from "./check.ts";

const TASKS = 60; // For each rank.

function allRanks(ranks: number): Set<number | null> {
  return new Set(Array.from({ length: ranks }, (_, rank) => rank));
}

export const sharingChecks: Checks = {
  "results of columns keep their places, whoever made them": async ({ engine }) => {
    const n = TASKS * engine.ranks;
    const wholes = Int32Array.from({ length: n }, (_, k) => k - 7);
    const parts = Float64Array.from({ length: n }, (_, k) => k / 1024);
    const sums = await shared(engine, () => sumSlowly.map(wholes, parts));
    expect(sums).toEqual(Float64Array.from({ length: n }, (_, k) => k - 7 + k / 1024));
    const mixed = await shared(engine, () => sumSlowly.map(range(n), Array.from(parts)));
    expect(mixed).toEqual(Float64Array.from({ length: n }, (_, k) => k + k / 1024));
  },

  "an app that reduces meets the results of all ranks in the order of the input": async ({ engine }) => {
    const n = TASKS * engine.ranks;
    const expected = Array.from({ length: n }, (_, k) => "abcdefghijklmnopqrstuvwxyz"[k % 26]).join("");
    expect(await shared(engine, () => letterSlowly.map(range(n)).reduce(join))).toBe(expected);
  },

  "discard() ends when the tasks of all ranks have run": async ({ engine }) => {
    const n = TASKS * engine.ranks;
    const before = tasksRun(engine);
    let maps = 0;
    await shared(engine, async () => {
      maps++;
      expect(await letterSlowly.map(range(n)).discard()).toBeUndefined();
      expect(tasksRun(engine)).toBe(before + maps * n);
    });
  },

  "a seed gives the same numbers on any rank, in any executor": async ({ engine }) => {
    const n = TASKS * engine.ranks;
    const slowly = await shared(engine, () => drawSlowly.map(range(n), { seed: 7 }));
    expect(slowly).toEqual(await draw.map(range(n), { seed: 7 }));
    expect(slowly[5]).toEqual([0.17761873828570374, 0.21210257520899334, 0.3178023164316386, 18]);
  },

  "for await gives results and failures of all ranks": async ({ engine }) => {
    const n = TASKS * engine.ranks;
    const failed = new Set<number | null>();
    while (failed.size < engine.ranks) {
      const seen: number[] = [];
      const failure = await failureOf<BatchError>(
        (async () => {
          for await (const { index, value } of oddSlowly.map(range(n))) seen.push(value === index ? index : -1);
        })(),
      );
      expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: n / 2 }, (_, k) => 2 * k + 1));
      expect([...failure.failures.keys()]).toEqual(Array.from({ length: n / 2 }, (_, k) => 2 * k));
      for (const one of failure.failures.values()) failed.add((one as TaskError).rank);
    }
    expect(failed).toEqual(allRanks(engine.ranks));
  },

  "leaving a for await early ends the tasks of every rank": async ({ engine }) => {
    function* endless(): Generator<number> {
      for (let k = 0; ; k++) yield k;
    }
    const before = tasksByRank(engine);
    for await (const { index, value } of sumSlowly.map(endless(), endless())) {
      expect(value).toBe(2 * index);
      if (tasksByRank(engine).every((tasks, rank) => tasks > (before[rank] as number))) break;
    }
    await quiet(engine);
  },

  "a cancelled map rejects, and what did not start never runs on any rank": async ({ engine }) => {
    const tasks = 1_000_000_000;
    const before = tasksByRank(engine);
    const handle = later.map(range(tasks));
    const cancelled = failureOf<HeddleError>(handle.discard());
    while (tasksByRank(engine).some((ran, rank) => ran === before[rank])) await new Promise((go) => setImmediate(go));
    handle.cancel();
    expect((await cancelled).code).toBe("ERR_CANCELLED");
    await engine.whenIdle();
    await quiet(engine);
    expect(tasksRun(engine)).toBeLessThan(tasks);
    expect(await square(2)).toBe(4);
  },

  "a task whose input failed on any rank says where it began": async ({ engine }) => {
    const ranks = new Set<number | null>();
    while (ranks.size < engine.ranks) {
      const roots = Array.from({ length: TASKS * engine.ranks }, (_, k) => oddSlowly(2 * k));
      await Promise.all(
        roots.map(async (root) => {
          const failure = await failureOf<DependencyError>(add(1, add(root, 1)));
          const cause = await failureOf(root);
          expect(failure.code).toBe("ERR_DEPENDENCY");
          expect(failure.chain.at(-1)).toBe(`oddSlowly(#${root.index})`);
          expect(failure.cause).toBe(cause);
          ranks.add(cause.rank);
        }),
      );
    }
    expect(ranks).toEqual(allRanks(engine.ranks));
  },

  "a reader that takes nothing holds the tasks of every rank back": async ({ engine }) => {
    if (engine.kind === "inline") return; // A debugger's; it runs what it was given.
    const holders = engine.executors.reduce((sum, { ranks }) => sum + ranks, 0);
    const mebibytes = 64 * holders; // A rank holds 16 MiB that nobody has taken, in each executor.
    const before = tasksRun(engine);
    const stream = megabyte.map(range(mebibytes))[Symbol.asyncIterator]();
    const seen = new Set([(await stream.next()).value?.index]);
    const others = await quiet(engine);
    const ran = tasksRun(engine) - others - before;
    expect(ran).toBeLessThan(mebibytes / 2);
    for await (const { index } of stream) seen.add(index);
    expect(seen.size).toBe(mebibytes);
  },
};
