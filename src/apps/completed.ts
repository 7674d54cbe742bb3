/** Calls in the order in which they end. */

import { HeddleError } from "../errors.ts";
import { AppFuture } from "../futures/future.ts";
import { shorten } from "../serialize/values.ts";
import type { Settled } from "./map.ts";

/**
 * What became of each call, as they end, in any order. Never rejects for a call that failed: its outcome says so. Leaving the loop early leaves
 * the calls alone.
 *
 * @param futures - Of calls, of one app or of several. `index` of an outcome is the place among them, from 0.
 * @throws {@link HeddleError} `ERR_ARGUMENT`: one of them is no future of a call.
 * @example
 * for await (const outcome of asCompleted(seeds.map((seed) => fold(seed)))) {
 *   if (outcome.status === "fulfilled") console.log(seeds[outcome.index], outcome.value);
 *   else console.log(outcome.reason.message);
 * }
 */
export function asCompleted<T>(futures: Iterable<AppFuture<T>>): AsyncGenerator<Settled<T>, void, undefined> {
  if (typeof (futures as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== "function") {
    const hint = "give a list of what calls of apps return: asCompleted([f(1), f(2)])";
    throw new HeddleError("ERR_ARGUMENT", `asCompleted(): the list of futures is ${shorten(futures)}.`, hint);
  }
  const all = [...futures];
  const odd = all.findIndex((one) => !(one instanceof AppFuture));
  if (odd >= 0) {
    const hint = "give what calls of apps return; results of a map come by for await (const one of app.map(...))";
    throw new HeddleError("ERR_ARGUMENT", `asCompleted(): element ${odd} is ${shorten(all[odd])}.`, hint);
  }
  return outcomes(all);
}

async function* outcomes<T>(futures: readonly AppFuture<T>[]): AsyncGenerator<Settled<T>, void, undefined> {
  let ended: Settled<T>[] = [];
  let wake = (): void => {};
  const end = (outcome: Settled<T>): void => {
    ended.push(outcome);
    wake();
  };
  for (const [index, future] of futures.entries()) {
    future.then(
      (value) => end({ status: "fulfilled", index, value }),
      (reason: HeddleError) => end({ status: "rejected", index, reason }),
    );
  }
  for (let left = futures.length; left > 0; ) {
    if (ended.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const group = ended;
    ended = [];
    left -= group.length;
    yield* group;
  }
}
