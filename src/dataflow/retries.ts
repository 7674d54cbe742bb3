/** Whether and where a task that failed is tried again. */

import { HeddleError, TaskError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import { type App, fits } from "../executors/needs.ts";
import type { Placement, RankCapacity } from "../native/binding.ts";
import { isThenable } from "../serialize/blocks.ts";
import { type AppDefinition, isOwn, type RetryPolicy } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";

/** A call, or what stands for one task of a map. */
export interface Attempts {
  /** How often it was sent to run. */
  readonly tries: number;
}

/** What a retry asks of the executor. */
export type Where = Pick<Executor, "members" | "ranks" | "capacities">;

/** What the failures of a task have cost, where a function says so. */
const spent = new WeakMap<Attempts, number>();

/** How often tasks of the app are tried again: as it says, else as the program says. */
export function policyOfRetries(app: AppDefinition, usual: RetryPolicy | null): RetryPolicy | null {
  const own = app.policy?.retries;
  return own === undefined && !isOwn(app) ? usual : (own ?? null);
}

/** Throws nothing: where the user's function does, or returns nonsense, the call is not tried again, and standard error says why. */
export function mayRetry(name: string, retries: RetryPolicy, attempts: Attempts, error: HeddleError): boolean {
  if (retries.cost === null) return attempts.tries <= retries.limit;
  let cost: unknown;
  try {
    cost = retries.cost(error, attempts.tries);
    if (cost === "stop") return false;
    if (isThenable(cost)) {
      cost.then(undefined, () => {});
      throw new Error("it returned a promise; it must be synchronous");
    }
    if (typeof cost !== "number" || !(cost >= 0)) throw new Error(`it returned ${shorten(cost)}`);
  } catch (cause) {
    const wrong = new HeddleError("ERR_CONFIG", `App "${name}": its function for retries failed: ${String(cause)}.`);
    process.stderr.write(`heddle: ${wrong.message} It must return a number of at least 0, or "stop".\n`);
    return false;
  }
  const total = (spent.get(attempts) ?? 0) + cost;
  spent.set(attempts, total);
  return total <= retries.limit;
}

/** The ranks that a task has failed on; known of those that are tried again. */
const failedOn = new WeakMap<Attempts, Set<number>>();
let turn = 0; // So that what fails on one rank does not come down on one other.

/**
 * A rank may be what is wrong, and one where everything fails at once is idle: it would take the task back. So it may run on another rank alone,
 * one that it has not failed on while there is such a rank.
 */
export function elsewhere(
  app: App,
  given: Placement,
  attempts: Attempts,
  error: HeddleError,
  executor: Where,
): Partial<Placement> {
  const rank = error instanceof TaskError ? error.rank : null;
  if (rank === null || executor.ranks === 1 || !["anywhere", "first"].includes(given.placement)) return {};
  if (executor.members.length > 1) return { placement: "first", target: (rank + 1) % executor.ranks }; // Whose rank it is, nobody knows.
  const there = executor.capacities.filter((each) => fits(each, app.kind, given.need));
  const count = there.reduce((sum, { first, last }) => sum + last - first, 0);
  const failed = failedOn.get(attempts) ?? new Set();
  failedOn.set(attempts, failed.add(rank));
  for (let tried = 0; tried < count; tried++) {
    const target = nth(there, turn++ % count);
    if (!failed.has(target)) return { placement: "only", target };
  }
  failed.clear(); // It has failed everywhere: any other will do the next time.
  return { placement: "first", target: (rank + 1) % executor.ranks };
}

function nth(groups: readonly RankCapacity[], k: number): number {
  let left = k;
  for (const { first, last } of groups) {
    if (left < last - first) return first + left;
    left -= last - first;
  }
  throw new RangeError(`there is no rank ${k}`);
}
