import { expect, test } from "vitest";
import type { HeddleError } from "../errors.ts";
import { AppFuture } from "../futures/future.ts";
import { functionApp, type RetryPolicy } from "../serialize/registry.ts";
import { joinScope } from "./join-scope.ts";
import { JoiningCall } from "./joining.ts";

function begin(fn: () => unknown, retries: RetryPolicy | null = null) {
  const future = new AppFuture<unknown>("joins", 0, null);
  const told = { ended: 0, retried: [] as HeddleError[] };
  const events = {
    retries: () => retries,
    ended: () => void told.ended++,
    retried: (error: HeddleError) => void told.retried.push(error),
  };
  new JoiningCall(functionApp("joins", fn, ""), [], future, events).run();
  return { future, told };
}

const free: RetryPolicy = { limit: 1, cost: () => 0 };

test("a function that fails at once may fail as often as it likes", async () => {
  let tries = 0;
  const { future, told } = begin(() => {
    if (++tries < 20_000) throw new Error("not yet");
    return tries;
  }, free);
  expect(await future).toBe(20_000);
  expect([future.tries, told.retried.length, told.ended]).toEqual([20_000, 19_999, 1]);
});

test("another try leaves what the function did not begin as it is, and ends what it began", async () => {
  const shared = new AppFuture<number>("shared", 0, null);
  const begun: AppFuture<number>[] = [];
  const { future } = begin(() => {
    const own = new AppFuture<number>("own", begun.length, null);
    begun.push(own);
    joinScope()?.add(own);
    if (begun.length === 2) own.resolve(2, 0);
    return begun.length === 1 ? [shared, Promise.reject(new Error("first"))] : [shared, own];
  }, free);
  while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect([shared.state, begun[0]?.state]).toEqual(["unscheduled", "cancelled"]);
  shared.resolve(1, 0);
  expect(await future).toEqual([1, 2]);
});

test("what an async function begins after its call was cancelled is cancelled too", async () => {
  const own = new AppFuture<number>("own", 0, null);
  const { future, told } = begin(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    joinScope()?.add(own);
  });
  future.cancel();
  await expect(own).rejects.toMatchObject({ code: "ERR_CANCELLED" });
  expect([future.state, told.ended]).toEqual(["cancelled", 1]);
});

test("a call that its own function for retries cancels is over once", async () => {
  const { future, told } = begin(
    async () => {
      throw new Error("no");
    },
    { limit: 1, cost: () => (future.cancel(), 0) },
  );
  await expect(future).rejects.toMatchObject({ code: "ERR_CANCELLED" });
  await new Promise((resolve) => setImmediate(resolve));
  expect([told.ended, future.tries]).toEqual([1, 1]);
});
