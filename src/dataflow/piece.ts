/** What a map is given, and the pieces it is cut into. */

import type { HeddleError } from "../errors.ts";
import type { SubmitOptions } from "../native/binding.ts";
import { Range } from "./range.ts";

/** Tasks `[first, last)`: their arguments, or the error of one whose arguments cannot be sent. */
export type Piece = { first: number; last: number } & (PieceArguments | { error: HeddleError });

export type PieceArguments = Pick<
  SubmitOptions,
  "args" | "start" | "step" | "columns" | "bytes" | "offsets" | "spread"
>;

export interface Source {
  /** Number of tasks; null: not known before the end. */
  readonly total: number | null;
  /** The next piece; null at the end. */
  next(): Piece | null | Promise<Piece | null>;
  /** Nothing more will be taken. */
  stop(): void;
}

export type Column = Range | ArrayLike<unknown> | Iterable<unknown> | AsyncIterable<unknown>;

/** Number of elements, where it is known. */
export function lengthOf(column: Column): number | null {
  if (column instanceof Range || Array.isArray(column) || ArrayBuffer.isView(column)) {
    return (column as { length: number }).length;
  }
  return column instanceof Set || column instanceof Map ? column.size : null;
}
