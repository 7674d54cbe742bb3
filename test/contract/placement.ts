/** Promises about which tasks go first, and where they run. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeddleError, range, type TaskError } from "heddle";
import { expect } from "vitest";
import { begins, echo, fileAppears, later, oddOnly, square, where, whereFirst, whereNow } from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

export const placementChecks: Checks = {
  "of what waits on a rank, a higher priority begins first": async ({ engine, folder }) => {
    const here = { target: { rank: engine.rank } };
    const file = join(folder, "begin");
    // No worker of this rank is free until all is submitted.
    const held = fileAppears.map(Array(engine.workers).fill(file), { ...here, priority: 1_000 }).discard();
    const low = begins.map(range(20), { ...here, priority: -1 }).collect();
    const high = begins.map(range(20), { ...here, priority: 7 }).collect();
    const usual = begins.map(range(20), here).collect();
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(file, "");
    await held;
    const times = [...(await high), ...(await usual), ...(await low)];
    const order = times.map((_, k) => k).sort((a, b) => (times[a] as number) - (times[b] as number));
    // A worker may be handed a task, and see its clock only after the others' next.
    const slack = engine.workers - 1;
    expect(order.findIndex((k) => k >= 20)).toBeGreaterThanOrEqual(20 - slack);
    expect(order.findIndex((k) => k >= 40)).toBeGreaterThanOrEqual(40 - slack);
  },

  "tasks with a target run there and nowhere else": async ({ engine }) => {
    for (let rank = 0; rank < engine.ranks; rank++) {
      const ranks = await where.map(Array(60).fill([]), { target: { rank } });
      expect(new Set(ranks)).toEqual(new Set([rank]));
    }
    const calls = await Promise.all(Array.from({ length: 30 }, () => whereFirst()));
    expect(new Set(calls)).toEqual(new Set([0]));
    const elsewhere = await whereFirst.map(Array(60).fill([]), { target: { rank: engine.ranks - 1 } });
    expect(new Set(elsewhere)).toEqual(new Set([engine.ranks - 1]));
  },

  "tasks for a node run on its ranks; what is only to begin there may go elsewhere": async ({ engine }) => {
    const node = engine.ranks - 1; // All are on this machine.
    const ranks = await where.map(Array(200).fill([]), { target: { node } });
    expect(ranks).toHaveLength(200);
    expect(new Set(ranks).size).toBe(engine.ranks);
    expect(await where.map(Array(50).fill([]), { target: { node, soft: true } })).toHaveLength(50);
    expect(await square.map(range(1_000), { target: { node } }).reduce("count")).toBe(1_000);
  },

  "a future tells where its task ran, and tasks near it begin there": async ({ engine }) => {
    const target = { rank: engine.ranks - 1 };
    const producers = Array.from({ length: 20 }, () => whereNow());
    for (const one of producers) expect(await one).toBe(one.rank);
    const typed = Array.from({ length: 20 }, (_, k) => square(k));
    expect(typed[0]?.rank).toBeNull();
    await Promise.all(typed);
    for (const { rank } of typed) expect(rank).toBeLessThan(engine.ranks);
    for (const one of producers.slice(0, 5)) {
      const seen = await where.map(Array(3).fill([]), { near: one });
      expect(seen).toContain(one.rank);
    }
    expect(await square.map(range(50), { near: typed[0] as never }).reduce("sum")).toBe(40_425);
    const failure = await failureOf<TaskError>(square.map([1], { near: oddOnly(2) }).collect());
    expect(failure).toMatchObject({ code: "ERR_TASK_FAILED", app: "oddOnly" });
    expect(() => square.map([1], { near: 3 as never })).toThrow("near is 3.");
    expect(() => square.map([1], { near: typed[0] as never, target })).toThrow("it has both near and target.");
  },

  "large arguments reach their target, and results come back": async ({ engine }) => {
    const parts = Array.from({ length: 24 }, (_, k) => new Uint8Array(1 << 20).fill(k));
    const back = (await echo.map(parts, { target: { rank: engine.ranks - 1 } })) as Uint8Array[];
    expect(back.map((bytes) => [bytes.length, bytes[77]])).toEqual(parts.map((bytes) => [bytes.length, bytes[77]]));
  },

  "a soft target gets tasks first, and others may help": async ({ engine }) => {
    const rank = engine.ranks - 1;
    const ranks = await where.map(Array(200).fill([]), { target: { rank, soft: true } });
    expect(ranks).toHaveLength(200);
    expect(ranks).toContain(rank);
  },

  "a map with a target is cancelled, and its target works on": async ({ engine }) => {
    const target = { rank: engine.ranks - 1 };
    const map = later.map(range(1e9), { target });
    const failure = failureOf<HeddleError>(map.discard());
    await square.map([1], { target, priority: 1 });
    map.cancel();
    expect((await failure).code).toBe("ERR_CANCELLED");
    expect(await square.map([1, 2], { target })).toEqual(Float64Array.from([1, 4]));
  },

  "a target that is not there is refused, with how many ranks there are": async ({ engine }) => {
    const { ranks } = engine;
    const there = ranks === 1 ? "there is rank 0 alone" : `ranks are 0 to ${ranks - 1}`;
    const message = `Tasks of app "square" have rank ${ranks} as their target, and ${there}.`;
    expect(() => square.map([1], { target: { rank: ranks } })).toThrow(message);
    expect(() => square.map([1], { target: { rank: ranks, soft: true } })).toThrow(message);
    expect(() => square.map([1], { target: { node: ranks } })).toThrow(message);
    expect(() => square.map([1], { priority: 1_001 })).toThrow("priority is 1001.");
  },
};
