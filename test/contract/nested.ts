/** Promises about tasks that call apps. */

import { existsSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type BatchError, range, type TaskError } from "heddle";
import { expect } from "vitest";
import {
  addLater,
  asks,
  calls,
  catches,
  depth,
  drawsWithin,
  fib,
  greetsWithin,
  join,
  leaves,
  letter,
  littersWithin,
  losesPromise,
  mapsWithin,
  neverLooks,
  sum,
  typedWithin,
} from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

const promises: Checks = {
  "tasks call apps and await them, however many wait at once": async () => {
    expect(await calls(1)).toBe(2);
    expect(await fib(11)).toBe(89);
    expect(await calls.map(range(200)).reduce(sum)).toBe(20_100);
  },

  "a command that a task calls has no folder of the run directory, and says so": async () => {
    const { message } = await failureOf<TaskError>(littersWithin());
    expect(message).toContain('App "litters" was called by a task: its stdout or stderr cannot be "auto" there');
    expect(message).toContain("name the files and the folder");
  },

  "a task may ask a command for what it says": async () => {
    expect(await asks("a")).toBe("a!");
  },

  "tasks may wait for tasks to any depth": async () => {
    expect(await depth(500)).toBe(500);
  },

  "a task keeps its context while it waits and others run": async () => {
    expect(await addLater.map(range(100)).collect()).toEqual([...Array(100).keys()].map((k) => k + 1));
  },

  "random numbers of what a task calls depend on the task, not on where it ran": async () => {
    const drawn = await drawsWithin.map(range(30), { seed: 7 }).collect();
    expect(await drawsWithin.map(range(30), { seed: 7 }).collect()).toEqual(drawn);
    expect(new Set(drawn.flat()).size).toBe(30 * 4);
  },

  "tasks use maps, with numbers, reductions and values, and commands": async () => {
    expect(await mapsWithin(50)).toEqual([40_425, 40_425, ["a", "b", "c"]]);
    expect(await greetsWithin("me")).toBe("me-you");
  },

  "a task ends when what it called has ended, awaited or not": async ({ folder }) => {
    const file = joinPath(folder, "left");
    expect(existsSync(file)).toBe(false);
    expect(await leaves(file)).toBe(1);
    expect(readFileSync(file, "utf8")).toBe("done");
  },

  "a failed call can be caught in the task; one that nobody looks at fails it": async () => {
    expect(await catches()).toContain("even");
    const { cause } = await failureOf(neverLooks());
    expect(cause).toMatchObject({ code: "ERR_UNAWAITED", message: expect.stringContaining("oddOnly#") });
  },

  "errors of tasks that waited stay their own": async () => {
    expect((await failureOf(losesPromise(1))).cause).toMatchObject({ code: "ERR_TASK_REJECTED" });
    const outcomes = await typedWithin.map(range(6)).settled();
    expect(outcomes.map((one) => one.status)).toEqual([...Array(3).fill("fulfilled"), ...Array(3).fill("rejected")]);
    expect(outcomes[3]).toMatchObject({ reason: { code: "ERR_RESULT_TYPE" } });
  },

  "the reduction of tasks that waited is that of their values": async () => {
    expect(await letter.map(range(20)).reduce(join)).toBe("abcdefghijklmnopqrst");
    expect(await addLater.map(range(64)).reduce(sum)).toBe(2_080);
  },

  "a map of tasks that wait can be cancelled, and the next one runs": async () => {
    const map = addLater.map(range(1e6));
    const ended = failureOf<BatchError>(map.discard());
    await new Promise((resolve) => setTimeout(resolve, 50));
    map.cancel();
    expect((await ended).code).toBe("ERR_CANCELLED");
    expect(await addLater(1)).toBe(2);
  },
};

/** Inline runs one task after the other, so it cannot keep these: it must say so. */
export const nestedChecks: Checks = Object.fromEntries(
  Object.entries(promises).map(([promise, check]) => [
    promise,
    async (setting) => {
      if (setting.engine.kind !== "inline") return await check(setting);
      expect((await failureOf<TaskError>(calls(1))).cause).toMatchObject({ code: "ERR_NESTED_CALL" });
    },
  ]),
);
