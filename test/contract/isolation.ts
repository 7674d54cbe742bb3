/** Promises about tasks in processes of their own. */

import { range, type TaskError } from "heddle";
import { expect } from "vitest";
import * as apps from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

const { draw, drawApart, echoApart, endsApart, hangsApart, pidApart, square, squareApart, surroundings } = apps;

export const isolationChecks: Checks = {
  "an isolated task runs in another process, and gives the same results": async ({ engine }) => {
    const pids = new Set(await pidApart.map(Array(20).fill([])));
    expect(pids).not.toContain(process.pid);
    expect(pids.size).toBeLessThanOrEqual(engine.ranks * engine.workers);
    const value = { text: "a", list: [1, 2.5, null, true], bytes: new Uint8Array([1, 2]), long: 2n ** 62n };
    expect(await echoApart(value)).toEqual(value);
    expect(await squareApart.map(range(200))).toEqual(await square.map(range(200)));
    expect(await squareApart.map(range(200)).reduce("sum")).toBe(2_646_700);
    expect(await drawApart.map(Array(9).fill([]), { seed: 3 })).toEqual(await draw.map(Array(9).fill([]), { seed: 3 }));
  },

  "an isolated task that fails does so as any other": async () => {
    const thrown = await failureOf<TaskError>(endsApart("throw"));
    expect(thrown.cause).toMatchObject({ name: "RangeError", message: "out of it", cause: { name: "TypeError" } });
    expect((thrown.cause as Error).stack).toContain("apps.ts");
    expect(await failureOf(endsApart("reject"))).toMatchObject({ code: "ERR_TASK_REJECTED" });
    const odd = await failureOf<TaskError>(endsApart("function"));
    expect(odd).toMatchObject({ code: "ERR_RESULT", message: expect.stringContaining("at .deep[0], is a function") });
  },

  "one that ends its process fails alone": async () => {
    const ways = ["a", "SIGSEGV", "b", "exit", "SIGKILL", "c"];
    const outcomes = await endsApart.map(ways).settled();
    expect(outcomes.map((one) => (one.status === "fulfilled" ? one.value : (one.reason as TaskError).code))).toEqual([
      "a",
      "ERR_TASK_CRASHED",
      "b",
      "ERR_TASK_EXIT",
      "ERR_TASK_CRASHED",
      "c",
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { message: expect.stringContaining("was ended by SIGSEGV") } });
    expect(outcomes[3]).toMatchObject({
      reason: { data: { exitCode: 3, stderr: expect.stringContaining("last words") } },
    });
  },

  "one that calls an app is told that it cannot": async () => {
    const failure = await failureOf<TaskError>(endsApart("call"));
    expect(failure.cause).toMatchObject({ code: "ERR_NESTED_CALL" });
    expect(failure.message).toContain("A task in a process of its own called app");
  },

  "one that hangs is ended by its walltime": async ({ engine }) => {
    if (engine.kind === "inline") return; // There only commands have a limit.
    const outcomes = await hangsApart.map([0, 1, 2], { walltime: 5 }).settled();
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "ERR_WALLTIME" } });
  },

  "it knows its rank, worker and index, and is no rank itself": async ({ engine }) => {
    for (const [k, { launcher, rank, worker, task }] of (await surroundings.map(Array(12).fill([]))).entries()) {
      expect([launcher, task]).toEqual([[], String(k)]);
      expect(Number(rank)).toBeLessThan(engine.ranks);
      expect(Number(worker)).toBeLessThan(engine.workers);
    }
  },
};
