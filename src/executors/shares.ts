/** How a batch is cut for several executors. Pure. */

import type { SubmitOptions } from "../native/binding.ts";
import { rowBytes } from "../serialize/columns.ts";

/**
 * How many of `count` tasks each executor gets, so that each has, with what it has already (`busy`), as much for its `slots` as the others;
 * one that has more than that gets none.
 *
 * @returns As long as `slots`; the sum is `count`.
 */
export function sharesOf(count: number, slots: readonly number[], busy: readonly number[]): number[] {
  if (slots.length === 1) return [count];
  const weights = slots.every((each) => each === 0) ? slots.map(() => 1) : slots;
  const open = weights.map((_, k) => k).filter((k) => (weights[k] as number) > 0);
  let level = 0;
  // Who lies above the level that the others would reach is left out, which lowers it for the rest.
  for (let least = -1; open.length > 0; ) {
    const tasks = open.reduce((all, k) => all + (busy[k] ?? 0), count);
    level = tasks / open.reduce((all, k) => all + (weights[k] as number), 0);
    least = open.findIndex((k) => (busy[k] ?? 0) > level * (weights[k] as number));
    if (least < 0) break;
    open.splice(least, 1);
  }
  const exact = weights.map((weight, k) => (open.includes(k) ? level * weight - (busy[k] ?? 0) : 0));
  const shares = exact.map(Math.floor);
  const missing = count - shares.reduce((a, b) => a + b, 0);
  const byRest = open.sort(
    (a, b) => rest(exact, b) - rest(exact, a) || (weights[b] as number) - (weights[a] as number),
  );
  for (let n = 0; n < missing; n++) (shares[byRest[n % byRest.length] as number] as number)++;
  return shares;
}

function rest(exact: readonly number[], k: number): number {
  return Number(((exact[k] as number) % 1).toFixed(6));
}

/** The tasks `[first, last)` of a batch, as one of its own. Arrays are views of the batch's. */
export function partOf(options: SubmitOptions, first: number, last: number): SubmitOptions {
  const [from, to] = [first - options.first, last - options.first];
  const column = options.column === null ? null : options.column.subarray(from, to);
  const part = { ...options, first, last, column };
  if (options.bytes === null) return part;
  if (options.offsets === null) {
    const row = rowBytes(options.columns ?? []);
    return { ...part, bytes: options.bytes.subarray(from * row, to * row) };
  }
  const offsets = options.offsets.slice(from, to + 1);
  const base = offsets[0] as number;
  const bytes = options.bytes.subarray(base, offsets[to - from]);
  for (let k = 0; k < offsets.length; k++) offsets[k] = (offsets[k] as number) - base;
  return { ...part, bytes, offsets };
}
