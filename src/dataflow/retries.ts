/** Whether and where a task that failed is tried again. */

import { HeddleError, TaskError } from "../errors.ts";
import type { Placement } from "../native/binding.ts";
import type { RetryPolicy } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";

/** A call, or what stands for one task of a map. */
export interface Attempts {
  /** How often it was sent to run. */
  readonly tries: number;
}

/** What the failures of a task have cost, where a function says so. */
const spent = new WeakMap<Attempts, number>();

/** Throws nothing: where the user's function does, or returns nonsense, the call is not tried again, and standard error says why. */
export function mayRetry(name: string, retries: RetryPolicy, attempts: Attempts, error: HeddleError): boolean {
  if (retries.cost === null) return attempts.tries <= retries.limit;
  let cost: unknown;
  try {
    cost = retries.cost(error, attempts.tries);
    if (cost === "stop") return false;
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

/** A rank may be what is wrong: the next one is asked first, and others may take the task from there. */
export function elsewhere(given: Placement, error: HeddleError, ranks: number): Partial<Placement> {
  const failedOn = error instanceof TaskError ? error.rank : null;
  if (failedOn === null || ranks === 1 || given.placement !== "anywhere") return {};
  return { placement: "first", target: (failedOn + 1) % ranks };
}
