/**
 * The input of a map, in pieces. Each piece becomes one batch of the executor; indexes count through all pieces.
 *
 * A range is one piece whatever its length; typed columns go as rows of numbers; everything else is encoded a bounded
 * piece at a time, so that the first tasks run while the rest is still being read.
 */

import { HeddleError } from "../errors.ts";
import { elementOf, type FixedColumn, packRows } from "../serialize/columns.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import type { Bring } from "./map-files.ts";
import { PackedSource, parametersOf } from "./packed.ts";
import { type Column, lengthOf, type Piece, type Source } from "./piece.ts";
import { Range } from "./range.ts";

const ROWS_MAX = 1 << 20; // Of one piece: 8 MiB of f64, and a power of two, so that blocks of reductions stay whole.
const FIXED_COLUMNS_MAX = 8;

/** Chooses the cheapest form; `bring` is for files in the columns. Throws ERR_MAP_COLUMNS for columns that do not fit. */
export function sourceOf(app: AppDefinition, columns: readonly Column[], bring: Bring): Source {
  checkColumns(app, columns);
  const [only] = columns;
  if (columns.length === 1 && only instanceof Range && takesIndex(app, only)) return new RangeSource(only);
  const fixed = columns.map(fixedColumn);
  const allFixed = fixed.every((column) => column !== null) && fixed.length <= FIXED_COLUMNS_MAX;
  if (allFixed && takesRows(app, fixed as FixedColumn[])) return new FixedSource(fixed as FixedColumn[]);
  return new PackedSource(app, columns, rowsExpected(app, columns), bring);
}

// A command's template with one slot takes the decimal value of the index, which native code writes itself.
function takesIndex(app: AppDefinition, { first, last }: Range): boolean {
  if (app.kind === "js") return true;
  if (app.native !== null) {
    const { layout } = app.native;
    if (!Array.isArray(layout) || layout.length !== 1) return false;
    return layout[0] === "i64" || (layout[0] === "u64" && Math.min(first, last) >= 0);
  }
  const slots = app.placeholders?.slots ?? [];
  return app.fn === null && app.settings === undefined && slots.length <= 1 && !slots.some((slot) => "index" in slot);
}

/** A native app is given what it declares: columns of other types are converted one value at a time. */
function takesRows(app: AppDefinition, columns: readonly FixedColumn[]): boolean {
  if (app.kind === "js") return true;
  const layout = app.native?.layout;
  if (!Array.isArray(layout)) return false;
  return layout.length === columns.length && columns.every(({ element }, k) => element === layout[k]);
}

/** True where one column stands for several parameters: then its elements are arrays of arguments. */
function rowsExpected(app: AppDefinition, columns: readonly Column[]): boolean {
  return columns.length === 1 && app.kind !== "process" && parametersOf(app) >= 2;
}

function checkColumns(app: AppDefinition, columns: readonly Column[]): void {
  if (columns.length === 0) {
    throw new HeddleError(
      "ERR_MAP_COLUMNS",
      `${app.name}.map() was given no input.`,
      "give a range, an array or an iterable",
    );
  }
  checkNumber(app, columns.length);
  columns.forEach((column, k) => {
    if (isColumn(column)) return;
    throw new HeddleError(
      "ERR_MAP_COLUMNS",
      `${app.name}.map(): column ${k} is ${shorten(column)}.`,
      "give a range, an array, a typed array or an iterable",
    );
  });
  const lengths = columns.map(lengthOf);
  const known = lengths.filter((length) => length !== null);
  if (known.some((length) => length !== known[0])) {
    throw new HeddleError(
      "ERR_MAP_COLUMNS",
      `${app.name}.map(): its columns have ${lengths.map((length) => length ?? "?").join(", ")} elements.`,
      "give columns of one length",
    );
  }
}

// A function of JavaScript can do with fewer or more; one of C would read beyond its row.
function checkNumber(app: AppDefinition, columns: number): void {
  const layout = app.native?.layout ?? "msgpack";
  const wanted = layout === "bytes" ? 1 : layout.length;
  if (layout === "msgpack" || columns === wanted || columns === 1) return;
  throw new HeddleError(
    "ERR_MAP_COLUMNS",
    `${app.name}.map(): it was given ${columns} columns, and takes ${wanted}.`,
    "give a column for each argument, or one column of arrays of arguments",
  );
}

function isColumn(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

function fixedColumn(column: Column): FixedColumn | null {
  if (column instanceof Range) {
    return { element: "f64", length: column.length, at: (k) => column.at(k) };
  }
  const element = elementOf(column);
  if (element === null) return null;
  const array = column as ArrayLike<number | bigint>;
  return { element, length: array.length, at: (k) => array[k] as number | bigint };
}

class RangeSource implements Source {
  readonly total: number;
  #range: Range | null;

  constructor(range: Range) {
    this.total = range.length;
    this.#range = range;
  }

  next(): Piece | null {
    const range = this.#range;
    this.#range = null;
    if (range === null || range.length === 0) return null;
    const { first: start, step, length } = range;
    return {
      first: 0,
      last: length,
      args: "index",
      start,
      step,
      columns: null,
      bytes: null,
      offsets: null,
      spread: false,
    };
  }

  stop(): void {
    this.#range = null;
  }
}

class FixedSource implements Source {
  readonly total: number;
  readonly #columns: FixedColumn[];
  #next = 0;

  constructor(columns: FixedColumn[]) {
    this.#columns = columns;
    this.total = columns[0]?.length ?? 0;
  }

  next(): Piece | null {
    const first = this.#next;
    const last = Math.min(this.total, first + ROWS_MAX);
    if (first >= last) return null;
    this.#next = last;
    const bytes = packRows(this.#columns, first, last);
    const columns = this.#columns.map((column) => column.element);
    return { first, last, args: "fixed", start: 0, step: 1, columns, bytes, offsets: null, spread: columns.length > 1 };
  }

  stop(): void {
    this.#next = this.total;
  }
}
