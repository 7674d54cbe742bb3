import { afterEach, expect, test } from "vitest";
import { type DependencyError, HeddleError } from "../errors.ts";
import { AppFuture } from "./future.ts";
import { takeUnobserved } from "./unobserved.ts";

afterEach(() => void takeUnobserved());

const failure = new HeddleError("ERR_TASK_FAILED", "no");

test("a future can be awaited before and after it is done, many times", async () => {
  const future = new AppFuture<number>("a", 3, null);
  const early = [future.then((value) => value + 1), Promise.resolve(future)];
  expect(future.rank).toBeNull();
  future.moved("launched", null);
  future.resolve(41, 3);
  expect(await Promise.all([...early, future])).toEqual([42, 41, 41]);
  expect(future.id).toBe("a#3");
  expect([future.state, future.rank]).toEqual(["done", 3]);
});

test("a failure rejects early and late waiters alike", async () => {
  const future = new AppFuture<number>("a", 0, null);
  const early = future.catch((error) => error);
  future.reject(failure);
  expect(await early).toBe(failure);
  await expect(Promise.resolve(future)).rejects.toBe(failure);
  expect(future.state).toBe("failed");
});

test("a failure that nobody looks at is remembered, and forgotten once somebody does", async () => {
  const seen = new AppFuture<number>("a", 0, null);
  const unseen = new AppFuture<number>("a", 1, null);
  const other = new HeddleError("ERR_TASK_FAILED", "other");
  seen.reject(failure);
  unseen.reject(other);
  await seen.catch(() => {});
  expect(takeUnobserved()).toEqual([other]);
});

test("it is a promise to whoever checks", () => {
  const future = new AppFuture<number>("a", 0, null);
  expect(Object.prototype.toString.call(future)).toBe("[object AppFuture]");
  expect(future.state).toBe("unscheduled");
});

test("dependents are told once, in order, however deep they go", () => {
  const told: string[] = [];
  const first = new AppFuture<number>("a", 0, null);
  let last = first;
  for (let k = 1; k < 50_000; k++) {
    const next = new AppFuture<number>("a", k, null);
    next.moved("pending", null);
    last.subscribe({ inputSettled: (input) => next.inputFailed(input, input.outcome) });
    last = next;
  }
  last.subscribe({ inputSettled: ({ id, state }) => told.push(id, state) });
  first.reject(failure);
  expect(told).toEqual(["a#49999", "dependency-failed"]);
  const error = last.exception() as DependencyError;
  expect(error.chain).toHaveLength(50_000);
  expect(error.message).toContain("a(#49993) <- (49992 more): no");
  expect(error.cause).toBe(failure);
});

test("what is cancelled stays so, and takes along what depends on it", async () => {
  const homes: string[] = [];
  const future = new AppFuture<number>("a", 0, null);
  const next = new AppFuture<number>("a", 1, null);
  next.moved("pending", null);
  future.subscribe({ inputSettled: (input) => next.inputFailed(input, input.outcome) });
  future.moved("launched", { cancelled: ({ id }) => homes.push(id) });
  expect(future.cancel()).toBe(true);
  expect(future.cancel()).toBe(false);
  future.resolve(1, 0);
  expect([future.state, next.state, homes, future.done()]).toEqual(["cancelled", "cancelled", ["a#0"], true]);
  expect(next.exception()?.message).toBe("The call a#1, with its input a#0, was cancelled.");
  await expect(future).rejects.toThrow("The call a#0 was cancelled.");
});

test("nothing follows an end, and only what the table says follows anything else", () => {
  const future = new AppFuture<number>("a", 0, null);
  future.moved("pending", null);
  expect(() => future.moved("pending", null)).toThrow("a#0 cannot become pending: it is pending.");
  future.reject(failure);
  expect(future.exception()).toBe(failure);
  expect(() => future.moved("launched", null)).toThrow("it is failed");
});

test.each([
  ["as a text", (future: AppFuture<number>) => `${future}`],
  ["as a number", (future: AppFuture<number>) => Number(future) + 1],
  ["in JSON", (future: AppFuture<number>) => JSON.stringify({ future })],
])("used %s it says that it is to be awaited", (how, use) => {
  const future = new AppFuture<number>("a", 3, null);
  expect(() => use(future)).toThrow(
    `The future of a#3 was used ${how}, as if it were its result.\n  fix: await it first`,
  );
});
