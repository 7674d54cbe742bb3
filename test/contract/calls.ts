/** Promises about calls, and about what becomes of a task. */

import { type AppFuture, type DependencyError, type HeddleError, range } from "heddle";
import { expect } from "vitest";
import {
  add,
  draw,
  echo,
  energy,
  floating,
  greet,
  indexApart,
  later,
  megabyte,
  oddOnly,
  places,
  square,
  unsendable,
  wrongType,
} from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

export const callChecks: Checks = {
  "calls give their results, sync and async": async () => {
    expect(await Promise.all([square(3), add(1, 2), later(4), energy("CCO", 1)])).toEqual([9, 3, 8, 31]);
  },

  "arguments and results of every kind are copied": async () => {
    const value = {
      list: [1, "two", null, undefined],
      when: new Date(5),
      set: new Set([1]),
      data: new Float32Array([1.5]),
    };
    const copy = (await echo(value)) as typeof value;
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
  },

  "calls awaited one by one let the program's timers have their turn": async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for (let calls = 0; ticks < 3; calls++) {
      expect(calls).toBeLessThan(1_000_000);
      await square(calls);
    }
    clearInterval(timer);
  },

  "a change after the call does not reach the task": async () => {
    const value = { n: 1 };
    const before = echo(value);
    value.n = 2;
    expect(await Promise.all([before, echo(value)])).toEqual([{ n: 1 }, { n: 2 }]);
  },

  "futures as arguments make a dataflow, at any depth": async () => {
    const nine = square(3);
    expect(await add(nine, add(nine, Promise.resolve(1)))).toBe(19);
    expect(await echo({ list: [nine, { x: square(2) }] })).toEqual({ list: [9, { x: 4 }] });
    expect(await greet(nine as never, later(1) as never)).toMatchObject({ stdout: "9-2" });
  },

  "a task whose input failed never runs, and says where it began": async () => {
    const root = oddOnly(2);
    const failure = await failureOf<DependencyError>(add(1, add(root, 1)));
    expect(failure.code).toBe("ERR_DEPENDENCY");
    expect(failure.chain.at(-1)).toBe(`oddOnly(#${root.index})`);
    expect(failure.chain).toHaveLength(3);
    expect(failure.cause).toBe(await failureOf(root));
  },

  "an error crosses with class, message, stack and cause, and names its task": async () => {
    const failure = await failureOf(oddOnly(4));
    expect(failure).toMatchObject({ code: "ERR_TASK_FAILED", app: "oddOnly", arguments: "4" });
    expect(failure.message).toBe(`oddOnly(4) on rank ${failure.rank}: RangeError: 4 is even`);
    expect(failure.cause).toBeInstanceOf(RangeError);
    expect((failure.cause as Error).cause).toBeInstanceOf(TypeError);
    expect(failure.remoteStack).toContain("helpers/apps.ts");
  },

  "arguments that cannot be sent fail their call with the path, others go on": async () => {
    const wrong = failureOf<HeddleError>(add({ callback: () => 1 } as never, 1));
    expect(await add(1, 1)).toBe(2);
    expect((await wrong).code).toBe("ERR_ARGUMENT");
    expect((await wrong).message).toContain("argument 0, .callback is a function (callback)");
  },

  "calls of one turn give more results than a rank holds back": async () => {
    const results = await Promise.all(Array.from({ length: 24 }, (_, k) => megabyte(k)));
    expect(results.map((bytes) => bytes.length)).toEqual(Array(24).fill(1 << 20));
  },

  "arguments of 65 MiB are refused with a hint": async () => {
    const failure = await failureOf<HeddleError>(echo("x".repeat(65 * 1024 * 1024)));
    expect(failure.code).toBe("ERR_ARGUMENT_TOO_LARGE");
    expect(failure.hint).toBe("write the data to a file and pass its path");
  },

  "random streams depend on seed and index alone": async () => {
    const first = await draw.map(range(20), { seed: 7 });
    expect(await draw.map(new Array(20).fill("x"), { seed: 7 })).toEqual(first);
    expect(await draw.map(range(20), { seed: 8 })).not.toEqual(first);
    expect(new Set(first.map((numbers) => numbers[0])).size).toBe(20);
    expect(first[0]?.slice(0, 3)).toHaveLength(new Set(first[0]?.slice(0, 3)).size);
  },

  "a task knows its index": async () => {
    const now = places();
    expect(await now).toBe(now.index);
    expect(await places.map(range(5))).toEqual([0, 1, 2, 3, 4]);
    // Also where calls go out in another order than they were made in.
    const waits = later(1);
    const calls = Array.from({ length: 20 }, (_, k) =>
      (places as unknown as (x: unknown) => AppFuture<number>)(k % 3 === 1 ? waits : k),
    );
    expect(await Promise.all(calls)).toEqual(calls.map(({ index }) => index));
    const apart = Array.from({ length: 6 }, (_, k) =>
      (indexApart as unknown as (x: unknown) => AppFuture<number>)(k % 3 === 1 ? later(k) : k),
    );
    expect(await Promise.all(apart)).toEqual(apart.map(({ index }) => index));
  },

  "a rejection that nobody handles fails the task that made the promise": async () => {
    const settled = await floating.map(range(3)).settled();
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({
      reason: { code: "ERR_TASK_REJECTED", cause: { message: "nobody waits for me" } },
    });
  },

  "a result of the wrong type, or that cannot be sent, fails its task alone": async () => {
    const typed = await wrongType.map(range(3)).settled();
    expect(typed[1]).toMatchObject({ reason: { code: "ERR_RESULT_TYPE" } });
    expect(typed[2]).toMatchObject({ value: 2 });
    const sent = await unsendable.map(range(3)).settled();
    expect(sent[1]).toMatchObject({ reason: { code: "ERR_RESULT" } });
    expect(sent[1]).toMatchObject({ reason: { message: expect.stringContaining(".deep[0]") } });
  },
};
