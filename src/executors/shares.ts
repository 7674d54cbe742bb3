/** How a batch is cut for several executors. Pure. */

import type { SubmitOptions } from "../native/binding.ts";
import { rowBytes } from "../serialize/columns.ts";

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
