/** Failures that nobody waited for, told once, when the program ends. */

import { HeddleError } from "../errors.ts";
import { takeUnobserved } from "../futures/unobserved.ts";

const NAMED_MAX = 5;

/**
 * Takes the failures so far that nobody looked at.
 *
 * @param told - What the program ends with: it, and what followed from it, needs no second mention.
 * @returns Null: there are none. Its cause is the first.
 */
export function unawaitedFailures(told: unknown = null): HeddleError | null {
  const failures = takeUnobserved().filter((failure) => !(isClosed(failure) || cameOf(failure, told)));
  const [first] = failures;
  if (first === undefined) return null;
  const message =
    failures.length === 1
      ? "A call failed and its future was never awaited."
      : `${failures.length} calls failed and their futures were never awaited: ${byCode(failures)}.`;
  return new HeddleError("ERR_UNAWAITED", message, "await every future; for many, use map() and discard()", {
    cause: first,
  });
}

/** It was outstanding when the engine was closed: no failure of its own. */
function isClosed(failure: unknown): boolean {
  return failure instanceof HeddleError && failure.code === "ERR_CLOSED";
}

function cameOf(failure: unknown, told: unknown): boolean {
  if (told === null) return false;
  for (let one = failure; one !== undefined && one !== null; one = (one as Error).cause) if (one === told) return true;
  return false;
}

/** How often which app failed in which way, the most frequent first. */
function byCode(failures: readonly unknown[]): string {
  const counts = new Map<string, number>();
  for (const failure of failures) {
    const name = nameOf(failure);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const named = sorted.slice(0, NAMED_MAX).map(([name, count]) => `${count} x ${name}`);
  const rest = sorted.slice(NAMED_MAX).reduce((sum, [, count]) => sum + count, 0);
  return [...named, ...(rest > 0 ? [`${rest} others`] : [])].join(", ");
}

function nameOf(failure: unknown): string {
  if (!(failure instanceof HeddleError)) return "an error";
  const app = (failure as { app?: unknown }).app;
  return typeof app === "string" ? `${app} (${failure.code})` : failure.code;
}
