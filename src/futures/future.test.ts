import { afterEach, expect, test } from "vitest";
import { HeddleError } from "../errors.ts";
import { AppFuture } from "./future.ts";
import { takeUnobserved } from "./unobserved.ts";

afterEach(() => void takeUnobserved());

const failure = new HeddleError("ERR_TASK_FAILED", "no");

test("a future can be awaited before and after it is done, many times", async () => {
  const future = new AppFuture<number>("a", 3, "pending");
  const early = [future.then((value) => value + 1), Promise.resolve(future)];
  expect(future.rank).toBeNull();
  future.resolve(41, 3);
  expect(await Promise.all([...early, future])).toEqual([42, 41, 41]);
  expect(future.id).toBe("a#3");
  expect([future.state, future.rank]).toEqual(["done", 3]);
});

test("a failure rejects early and late waiters alike", async () => {
  const future = new AppFuture<number>("a", 0, "pending");
  const early = future.catch((error) => error);
  future.reject(failure);
  expect(await early).toBe(failure);
  await expect(Promise.resolve(future)).rejects.toBe(failure);
  expect(future.state).toBe("failed");
});

test("a failure that nobody looks at is remembered, and forgotten once somebody does", async () => {
  const seen = new AppFuture<number>("a", 0, "pending");
  const unseen = new AppFuture<number>("a", 1, "pending");
  const other = new HeddleError("ERR_TASK_FAILED", "other");
  seen.reject(failure);
  unseen.reject(other);
  await seen.catch(() => {});
  expect(takeUnobserved()).toEqual([other]);
});

test("it is a promise to whoever checks", () => {
  const future = new AppFuture<number>("a", 0, "waiting");
  expect(String(future)).toBe("[object AppFuture]");
  expect(future.state).toBe("waiting");
  future.submitted();
  expect(future.state).toBe("pending");
});
