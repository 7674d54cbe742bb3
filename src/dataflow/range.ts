/** Ranges of integers: the input of a map that costs nothing to store or send. */

import { HeddleError } from "../errors.ts";
import { refuse } from "../serialize/codec.ts";
import { shorten } from "../serialize/values.ts";

/** The integers `first, first + step, ...` before `last`. Made by {@link range}. */
export class Range implements Iterable<number> {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** How many integers there are. */
  readonly length: number;

  /** @internal */
  constructor(first: number, last: number, step: number) {
    this.first = first;
    this.last = last;
    this.step = step;
    this.length = Math.max(0, Math.ceil((last - first) / step));
  }

  /** The k-th integer. */
  at(k: number): number {
    return this.first + k * this.step;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let k = 0; k < this.length; k++) yield this.at(k);
  }
}

/**
 * The integers from `first` up to, without, `last`: as input of a map they take no memory and nothing is sent.
 *
 * @param first - First integer; `range(n)` is `range(0, n)`.
 * @param last - End, not included.
 * @param step - Distance between two; integer, not 0. Default: 1.
 * @throws {@link HeddleError} `ERR_CONFIG` for what is no safe integer.
 * @example
 * const squares = await square.map(range(0, 1_000_000)).collect();
 */
export function range(first: number, last?: number, step = 1): Range {
  const [from, to] = last === undefined ? [0, first] : [first, last];
  for (const [name, value] of Object.entries({ first: from, last: to, step })) {
    if (Number.isSafeInteger(value) && !(name === "step" && value === 0)) continue;
    throw new HeddleError(
      "ERR_CONFIG",
      `range: ${name} is ${shorten(value)}.`,
      "pass integers, step other than 0; scale inside the app for fractions",
    );
  }
  return new Range(from, to, step);
}

// As an argument it would arrive as a plain object, with which nothing can be calculated.
refuse(Range, () => {
  const message = "A range is no argument of one task.";
  return new HeddleError(
    "ERR_ARGUMENT",
    message,
    "map it, for a task of each integer: app.map(range(...)); or pass [...range(...)]",
  );
});
