/** Promises about the graph of calls: states, cancels, retries, results that are remembered, and apps that decide what runs next. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BatchError,
  type CancelledError,
  type DependencyError,
  type HeddleError,
  range,
  type TaskError,
} from "heddle";
import { expect } from "vitest";
import {
  add,
  counts,
  countsByName,
  countsCached,
  echo,
  fileAppears,
  flaky,
  oddOnly,
  rankOfTry,
  sleeps,
  square,
  tenth,
} from "../helpers/apps.ts";
import { fan, fibonacci, joinsBadly, joinsCounts, joinsSleep } from "../helpers/join-apps.ts";
import { type Checks, failureOf } from "./check.ts";

let files = 0;
const newFile = (folder: string): string => join(folder, `dataflow-${files++}`);
const linesOf = (file: string): number => readFileSync(file, "utf8").split("\n").length - 1;

export const dataflowChecks: Checks = {
  "a call goes through its states, and says when it is over": async ({ folder }) => {
    const file = newFile(folder);
    const first = fileAppears(file);
    const second = echo(first);
    expect([first.state, second.state, first.done(), first.exception()]).toEqual([
      "unscheduled",
      "pending",
      false,
      null,
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect([first.state, first.tries, second.state, second.tries]).toEqual(["launched", 1, "pending", 0]);
    writeFileSync(file, "");
    expect(await second).toBe(true);
    expect([first.state, second.state, second.done(), second.tries]).toEqual(["done", "done", true, 1]);
    const failed = oddOnly(2);
    const after = echo(failed);
    await failureOf(after);
    expect([failed.state, after.state]).toEqual(["failed", "dependency-failed"]);
    expect((after.exception() as DependencyError).cause).toBe(failed.exception());
  },

  "futures in Maps, Sets and typed objects are inputs as well": async () => {
    const value = { map: new Map([["a", square(2)]]), set: new Set([square(3)]), list: [[square(4)]] };
    expect(await echo(value)).toEqual({ map: new Map([["a", 4]]), set: new Set([9]), list: [[16]] });
    expect(await echo(new Map([[square(2), square(3)]]))).toEqual(new Map([[4, 9]]));
  },

  "what is cancelled before it was sent never runs, nor does what depends on it": async ({ folder }) => {
    const file = newFile(folder);
    writeFileSync(file, "");
    const calls = Array.from({ length: 5 }, () => counts(file, 0));
    const next = calls.map((call) => counts(file, call.then(() => 0) as never));
    const dependent = counts(echo(calls[1]) as never, 0);
    for (const k of [1, 3]) expect(calls[k]?.cancel()).toBe(true);
    expect((await failureOf<CancelledError>(calls[1] as never)).code).toBe("ERR_CANCELLED");
    expect((await failureOf<CancelledError>(dependent)).message).toMatch(
      /^The call counts#\d+, with its input echo#\d+, was cancelled/,
    );
    await Promise.allSettled([...calls, ...next]);
    expect(calls.map(({ state }) => state)).toEqual(["done", "cancelled", "done", "cancelled", "done"]);
    expect(linesOf(file)).toBe(6);
  },

  "a command that is cancelled is ended, and a call that is done is not cancelled": async ({ engine }) => {
    const call = sleeps(36_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(call.cancel()).toBe(true);
    await failureOf(call);
    // Every slot is free again.
    const after = await Promise.all(Array.from({ length: 4 * engine.ranks }, () => sleeps(0)));
    expect(after.every(({ exitCode }) => exitCode === 0)).toBe(true);
    const done = square(2);
    await done;
    expect(done.cancel()).toBe(false);
  },

  "a call that fails is tried again, as often as its retries say": async ({ folder }) => {
    const file = newFile(folder);
    const again = counts.with({ retries: 3 })(file, 3);
    expect(await again).toBe(4);
    expect([again.tries, again.state]).toEqual([4, "done"]);
    const other = newFile(folder);
    expect(counts.with({ retries: 3 })).toBe(counts.with({ retries: 3 }));
    const tooFew = counts.with({ retries: 1 })(other, 3);
    expect((await failureOf<TaskError>(tooFew)).message).toContain("line 2");
    expect([tooFew.tries, linesOf(other)]).toEqual([2, 2]);
  },

  "a function says what a failure costs, or that it is final": async ({ folder }) => {
    const file = newFile(folder);
    const seen: [string, number][] = [];
    const cost = (error: HeddleError, tries: number): number | "stop" => {
      seen.push([error.code, tries]);
      return tries === 3 ? "stop" : 0.25;
    };
    await failureOf(counts.with({ retries: cost })(file, 9));
    expect([linesOf(file), seen]).toEqual([3, [1, 2, 3].map((tries) => ["ERR_TASK_FAILED", tries])]);
    const costly = newFile(folder);
    await failureOf(counts.with({ retries: () => 0.4 })(costly, 9));
    expect(linesOf(costly)).toBe(3);
  },

  "a call is tried again on another rank, where there is one": async ({ engine, folder }) => {
    const file = newFile(folder);
    const rank = await rankOfTry(file);
    const before = Number(readFileSync(file, "utf8"));
    expect([rank === before, engine.ranks > rank]).toEqual([engine.ranks === 1, true]);
  },

  "tasks of a map are tried again, and the results are what they would have been": async ({ folder }) => {
    const inputs = (): [string[], number[]] => {
      const own = newFile(folder);
      mkdirSync(own);
      return [Array(300).fill(own), Array.from({ length: 300 }, (_, k) => k)];
    };
    const expected = await tenth.map(range(300)).collect();
    expect(await flaky.map(...inputs(), { retries: 1 }).collect()).toEqual(expected);
    expect(
      await flaky
        .with({ retries: 1 })
        .map(...inputs())
        .reduce("sum"),
    ).toBe(await tenth.map(range(300)).reduce("sum"));
    const settled = await flaky.map(...inputs()).settled();
    expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(100);
    const seen = new Map<number, number>();
    for await (const { index, value } of flaky.map(...inputs(), { retries: 2 })) seen.set(index, value);
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, k) => k));
    const files = Array.from({ length: 5 }, () => newFile(folder));
    expect(await counts.map(files, [0, 1, 2, 0, 1], { retries: 2 })).toEqual([1, 2, 3, 1, 2]);
    const rejected = counts.map([newFile(folder)], [9], { retries: 2 });
    expect((await failureOf<BatchError>(rejected)).failures.get(0)?.message).toContain("line 3");
  },

  "a call that equals an earlier one, or one under way, gets its result without running": async ({ folder }) => {
    const file = newFile(folder);
    const value = { b: [1, { y: 2, x: 1 }], a: new Set(["q", "p"]) };
    const same = { a: new Set(["p", "q"]), b: [1, { x: 1, y: 2 }] };
    const calls = [countsCached(file, value), countsCached(file, same), countsCached(file, echo(value))];
    expect(await Promise.all(calls)).toEqual([1, 1, 1]);
    const later = countsCached(file, same);
    expect(await later).toBe(1);
    expect([...calls, later].map(({ state }) => state)).toEqual(["done", "memo-done", "memo-done", "memo-done"]);
    expect(await countsCached(file, { ...same, c: 1 })).toBe(2);
    expect(await countsCached.with({ cache: false })(file, same)).toBe(3);
    expect(await countsCached.with({ cache: { version: "2" } })(file, same)).toBe(4);
  },

  "arguments that do not matter make no difference; a key can be given": async ({ folder }) => {
    const file = newFile(folder);
    expect(await countsByName(file, { name: "a", verbose: true }, 1)).toBe(1);
    expect(await countsByName(file, { name: "a", verbose: false }, 2)).toBe(1);
    expect(await countsByName(file, { name: "b", verbose: false }, 2)).toBe(2);
    const keyed = counts.with({ cache: { key: (_file: string, k: number) => `k${k}` } });
    expect(await keyed(file, 0)).toBe(3);
    expect(await keyed(newFile(folder), 0)).toBe(3);
    const wrong = counts.with({ cache: { key: (() => 1) as never } });
    expect((await failureOf<HeddleError>(wrong(file, 0))).message).toContain("cache.key returned 1.");
  },

  "a failure is not remembered; whoever joined a call that is cancelled runs it": async ({ folder }) => {
    const file = newFile(folder);
    const cached = counts.with({ cache: true });
    const both = [cached(file, 1), cached(file, 1)];
    for (const one of both) expect((await failureOf(one)).message).toContain("line 1");
    expect(await cached(file, 1)).toBe(2);
    const other = newFile(folder);
    const first = cached(other, 0);
    const second = cached(other, 0);
    first.cancel();
    expect(await second).toBe(1);
    expect(second.state).toBe("done");
  },

  "an app that returns futures ends with them, as deep as they are": async () => {
    expect(await fibonacci(10)).toBe(55);
    expect(await fan(3)).toEqual({ squares: [0, 1, 4], by: new Map([[1, 100]]) });
    expect(await add(fibonacci(5), 1)).toBe(6);
    const thrown = await failureOf<TaskError>(joinsBadly("throw"));
    expect(thrown).toMatchObject({ code: "ERR_TASK_FAILED", message: 'joinsBadly("throw"): RangeError: no plan' });
    const inner = joinsBadly("fails");
    const below = await failureOf<DependencyError>(inner);
    expect(below.chain).toHaveLength(2);
    expect(below.message).toContain(
      `${below.chain[0]} failed, because what it returned did: ${below.chain.join(" <- ")}`,
    );
    expect(inner.state).toBe("dependency-failed");
  },

  "what a joinApp began ends with it: when it is cancelled, and after its walltime": async ({ engine }) => {
    const before = await engine.wait();
    const call = joinsSleep(300);
    while (call.state !== "joining") await square(1);
    await square(2);
    call.cancel();
    expect(await failureOf(joinsSleep.with({ walltime: 0.2 })(300))).toMatchObject({ code: "ERR_WALLTIME" });
    const after = await engine.wait(); // Would last as long as the commands.
    expect([after.failed - before.failed, after.cancelled - before.cancelled]).toEqual([1, 3]);
  },

  "a joinApp is tried again, whatever of it failed": async ({ folder }) => {
    const call = joinsCounts.with({ retries: 3 })(newFile(folder), 3);
    expect([await call, call.tries]).toEqual([4, 4]);
    const tooFew = joinsCounts.with({ retries: 1 })(newFile(folder), 3);
    expect(await failureOf(tooFew)).toMatchObject({ code: "ERR_DEPENDENCY" });
    expect(tooFew.tries).toBe(2);
    const thrown = joinsBadly.with({ retries: (error) => (error.message.includes("no plan") ? 0.5 : "stop") })("throw");
    expect([(await failureOf(thrown)).message, thrown.tries]).toEqual([expect.stringContaining("no plan"), 3]);
  },

  "wait() counts calls by their states": async ({ engine }) => {
    const before = await engine.wait();
    const failed = oddOnly(2);
    const calls = [square(1), failed, echo(failed), square(2)];
    calls[3]?.cancel();
    await Promise.allSettled(calls);
    const after = await engine.wait();
    for (const state of ["done", "failed", "dependency-failed", "cancelled"] as const)
      expect([state, after[state] - before[state]]).toEqual([state, 1]);
    expect([after.pending, after.launched]).toEqual([0, 0]);
  },
};
