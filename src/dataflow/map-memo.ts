/**
 * Maps whose results are kept: what is known of a piece is not run again, and what is left of it is cut out.
 *
 * Tasks of a range are the positions of one series: the numbers that they are given. Rows of other maps form blocks, named by a hash of the rows
 * in them; a task is a position in its block.
 */

import { canonicalBytes } from "../memo/key.ts";
import type { Memo } from "../memo/memo.ts";
import { type RangeLog, seriesKey } from "../memo/ranges.ts";
import type { Cut, FinishedRange } from "../memo/series.ts";
import type { ElementType, TaskRecord, TypedColumn } from "../native/binding.ts";
import { decodeMany, encodeManyShared } from "../serialize/codec.ts";
import { elementBytes, rowBytes } from "../serialize/columns.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import type { End } from "./job.ts";
import type { PieceArguments } from "./piece.ts";

export type Arguments = { first: number; last: number } & PieceArguments;

/** Tasks `[first, last)` of the map that are done already. */
export type Known = FinishedRange & { known: true };

/** What `cache` of a map says. */
export interface MapCache {
  /** Null: made of the app's source. */
  readonly version: string | null;
}

/** Tasks `[first, last)` of a map: task k has position k + shift. */
interface Block {
  first: number;
  last: number;
  series: string;
  shift: number;
}

const BLOCK_ROWS = 4_096;
const NO_FORM = 0xff; // Before rows that have no form of their own.

export class MapMemo {
  readonly #log: RangeLog;
  readonly #seed: string | null;
  readonly #values: boolean;
  /** Of results, in a column; null: they are encoded. */
  readonly #element: ElementType | null;
  readonly #partMax: number;
  readonly #blocks = new WeakMap<object, readonly Block[]>();
  /** Tasks of each series that are not over; it is open as long. */
  readonly #left = new Map<string, number>();

  /**
   * @param end - Results that are discarded are only known to be done.
   * @param seed - Where the user gave one, results may depend on it.
   */
  constructor(log: RangeLog, end: End, seed: string | null) {
    this.#log = log;
    this.#seed = seed;
    this.#values = end.results === "collect";
    this.#element = end.element;
    this.#partMax = end.partMax ?? Number.POSITIVE_INFINITY;
  }

  /** Null: nothing is kept. */
  static of(
    memo: Memo | null,
    app: AppDefinition,
    cache: MapCache | null,
    end: End,
    seed: string | null,
  ): MapMemo | null {
    if (cache === null) return null;
    const log = memo?.rangesOf(app, cache.version) ?? null;
    return log === null ? null : new MapMemo(log, end, seed);
  }

  /** A piece as what is known of it and what is to run, in their order. */
  *cut(piece: Arguments): Generator<Known | Arguments> {
    const blocks = piece.args === "index" ? [this.#range(piece)] : this.#rows(piece);
    let at = piece.first;
    for (const block of blocks) {
      this.#begins(block);
      for (const range of this.#find(block)) {
        this.#over(block, range.last - range.first);
        if (range.first > at) yield* this.#toRun(piece, blocks, at, range.first);
        yield { ...range, known: true };
        at = range.last;
      }
    }
    if (at < piece.last) yield* this.#toRun(piece, blocks, at, piece.last);
  }

  *#toRun(piece: Arguments, blocks: readonly Block[], first: number, last: number): Generator<Arguments> {
    for (let from = first; from < last; ) {
      const to = Math.min(last, (Math.floor(from / this.#partMax) + 1) * this.#partMax);
      const part = from === piece.first && to === piece.last ? piece : partOf(piece, from, to);
      this.#blocks.set(part, blocks);
      yield part;
      from = to;
    }
  }

  /** One of those parts, for a single task of it that is tried again. */
  alsoOf(part: object, alone: object): void {
    const blocks = this.#blocks.get(part);
    if (blocks !== undefined) this.#blocks.set(alone, blocks);
  }

  /** Tasks of a part are done. */
  done({ first, last, payload }: TaskRecord, column: TypedColumn | null, part: Arguments): void {
    for (const block of this.#blocksOf(part, first, last)) {
      const from = Math.max(first, block.first);
      const to = Math.min(last, block.last);
      const bytes = this.#values
        ? this.#bytesOf({ first, last, payload }, from, to, column, part.first)
        : new Uint8Array(0);
      this.#log.add(block.series, { first: from + block.shift, last: to + block.shift, bytes }, this.#cut);
      this.#over(block, to - from);
    }
  }

  /** A task of a part failed, and is not tried again. */
  failed(index: number, part: Arguments): void {
    for (const block of this.#blocksOf(part, index, index + 1)) this.#over(block, 1);
  }

  /** From now on all is found that was kept before. */
  begin(): void {
    this.#log.flush();
  }

  /** No more is done. */
  end(): void {
    this.#log.flush();
    for (const series of this.#left.keys()) this.#log.close(series);
    this.#left.clear();
  }

  /** Those with any of these tasks. */
  #blocksOf(part: Arguments, first: number, last: number): Block[] {
    const blocks = this.#blocks.get(part) ?? [];
    const head = blocks[0];
    if (head === undefined) return [];
    // Many of these lie in a piece, and they are equally large.
    const skip = blocks.length === 1 ? 0 : Math.floor(first / BLOCK_ROWS) - Math.floor(head.first / BLOCK_ROWS);
    const found: Block[] = [];
    for (let k = skip; (blocks[k]?.first ?? last) < last; k++) found.push(blocks[k] as Block);
    return found;
  }

  #begins({ series, first, last }: Block): void {
    const left = this.#left.get(series);
    if (left === undefined) this.#log.open(series);
    this.#left.set(series, (left ?? 0) + last - first);
  }

  /** So many tasks are known, done or failed. */
  #over({ series }: Block, tasks: number): void {
    const left = (this.#left.get(series) ?? 0) - tasks;
    if (left > 0) this.#left.set(series, left);
    else if (this.#left.delete(series)) this.#log.close(series);
  }

  *#find({ first, last, series, shift }: Block): Generator<FinishedRange> {
    for (let at = first; at < last; ) {
      const { found, upTo } = this.#log.find(series, at + shift, last + shift, this.#cut);
      for (const range of found) yield { ...range, first: range.first - shift, last: range.last - shift };
      at = upTo - shift;
    }
  }

  #range({ first, last, start, step }: Arguments): Block {
    // Of maps with a seed of their own, tasks are told apart by their indexes too.
    const rest = ((start % step) + Math.abs(step)) % Math.abs(step);
    const series = this.#seriesKey("range", String(step), this.#seed === null ? String(rest) : `from ${start}`);
    return { first, last, series, shift: (start - rest) / step };
  }

  #rows(piece: Arguments): Block[] {
    const { first, last } = piece;
    const form = JSON.stringify([piece.args, piece.columns, piece.spread]);
    const blocks: Block[] = [];
    for (let at = first; at < last; ) {
      const end = Math.min(last, (Math.floor(at / BLOCK_ROWS) + 1) * BLOCK_ROWS);
      const [from, to] = [offsetOf(piece, at), offsetOf(piece, end)];
      const offsets = piece.offsets?.subarray(at - first, end - first + 1) ?? null;
      const rows = (piece.bytes as Uint8Array).subarray(from, to);
      const where = this.#seed === null ? "" : String(at);
      const series = this.#seriesKey("rows", form, where, ...contentOf(rows, offsets));
      blocks.push({ first: at, last: end, series, shift: -at });
      at = end;
    }
    return blocks;
  }

  #seriesKey(...parts: (string | Uint8Array)[]): string {
    return seriesKey([this.#values ? `values ${this.#element ?? ""}` : "done", this.#seed ?? "", ...parts]);
  }

  #bytesOf(
    { first, last, payload }: Pick<TaskRecord, "first" | "last" | "payload">,
    from: number,
    to: number,
    column: TypedColumn | null,
    columnFirst: number,
  ): Uint8Array {
    if (column !== null) {
      const { buffer, byteOffset, BYTES_PER_ELEMENT: size } = column;
      return new Uint8Array(buffer, byteOffset + size * (from - columnFirst), size * (to - from)).slice();
    }
    const bytes = payload ?? new Uint8Array(0);
    return from === first && to === last ? bytes.slice() : this.#cutBytes({ first, last, bytes }, from, to);
  }

  readonly #cut: Cut = (all, { first, last }) => this.#cutBytes(all, first, last);

  #cutBytes({ first, bytes }: FinishedRange, from: number, to: number): Uint8Array {
    if (!this.#values) return bytes;
    if (this.#element === null) return encodeManyShared(decodeMany(bytes).slice(from - first, to - first)).slice();
    const size = elementBytes[this.#element];
    return bytes.subarray(size * (from - first), size * (to - first));
  }
}

/** Where the arguments of task `index` begin. */
function offsetOf(piece: Arguments, index: number): number {
  const k = index - piece.first;
  return piece.offsets === null ? k * rowBytes(piece.columns ?? []) : (piece.offsets[k] as number);
}

/** Of rows: their lengths and bytes; where objects may be among them, in the form that keys of calls have: the order of properties does not matter. */
function contentOf(rows: Uint8Array, offsets: Uint32Array | null): (string | Uint8Array)[] {
  if (offsets === null) return ["", rows];
  const start = offsets[0] as number;
  const isSimple = offsets.subarray(0, -1).every((offset) => !mayHoldObjects(rows[offset - start] as number));
  if (isSimple) return [new Uint8Array(offsets.map((offset) => offset - start).buffer), rows];
  const parts: (string | Uint8Array)[] = ["values"];
  for (let k = 0; k + 1 < offsets.length; k++) {
    const row = rows.subarray((offsets[k] as number) - start, (offsets[k + 1] as number) - start);
    parts.push(canonicalBytes(decodeMany(row)) ?? Buffer.concat([Buffer.of(NO_FORM), row]));
  }
  return parts;
}

/** Does a value whose encoding (msgpack) begins with this byte hold others? Maps, arrays and extensions, such as sets, do. */
function mayHoldObjects(byte: number): boolean {
  return (
    (byte >= 0x80 && byte < 0xa0) ||
    (byte >= 0xc7 && byte <= 0xc9) ||
    (byte >= 0xd4 && byte <= 0xd8) ||
    (byte >= 0xdc && byte <= 0xdf)
  );
}

/** The tasks `[first, last)` of a piece. */
export function partOf(piece: Arguments, first: number, last: number): Arguments {
  const alone = { ...piece, first, last };
  if (piece.args === "index") return alone;
  const [from, to] = [offsetOf(piece, first), offsetOf(piece, last)];
  const bytes = (piece.bytes as Uint8Array).slice(from, to);
  if (piece.offsets === null) return { ...alone, bytes };
  const offsets = piece.offsets.slice(first - piece.first, last - piece.first + 1).map((offset) => offset - from);
  return { ...alone, bytes, offsets };
}
