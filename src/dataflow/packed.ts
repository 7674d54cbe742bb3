/** Arguments of any kind, read from columns a bounded piece at a time and encoded in bulk. */

import { HeddleError } from "../errors.ts";
import { encodeManyShared, encodeShared } from "../serialize/codec.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { ARGUMENT_BYTES_MAX, argumentError, checkSize, FileInTheWay, packPlain, withoutFiles } from "./arguments.ts";
import { type Bring, bringInto } from "./map-files.ts";
import { type Column, lengthOf, type Piece, type Source } from "./piece.ts";

const PIECE_TASKS_MIN = 1_024; // The first is small, so that workers start soon.
const PIECE_TASKS_MAX = 32_768;
const PIECE_BYTES = 4 * 1024 * 1024; // Where a piece of larger values ends; its tasks are then fewer.
const SLICE_TASKS_MAX = 1_024; // Encoded in one go;
const SLICE_TASKS_FIRST = 32; // while it is not known how large they are, few.
const SLICE_BYTES = 1024 * 1024;
const FILE_TASKS = 32; // Whose files are brought at a time; those of the next while these run.

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

export class PackedSource implements Source {
  readonly total: number | null;
  readonly #app: AppDefinition;
  readonly #iterators: AnyIterator[];
  readonly #isAsync: boolean;
  readonly #spread: boolean;
  readonly #rows: boolean;
  /** The one column, where it is an array: read without an iterator, which costs three objects a task. */
  readonly #list: readonly unknown[] | null;
  #listAt = 0;
  #next = 0;
  #ended = false;
  /** Values that were read but did not fit the last piece. */
  #left: unknown[] = [];
  #error: HeddleError | null = null;
  /** The first of `#left` has files. */
  #hasFiles = false;
  /** Pieces that wait to be taken. */
  #ready: Piece[] = [];
  readonly #bring: Bring;
  /** Bytes of the last piece: the next will hardly be smaller. */
  #bytesLast = 0;

  /** `rows`: the elements of the one column are arrays of arguments. */
  constructor(app: AppDefinition, columns: readonly Column[], rows: boolean, bring: Bring) {
    this.#app = app;
    this.#bring = bring;
    this.#rows = rows;
    this.#spread = columns.length > 1 || rows;
    this.total = columns.map(lengthOf).find((length) => length !== null) ?? null;
    this.#list = columns.length === 1 && !rows && Array.isArray(columns[0]) ? columns[0] : null;
    this.#iterators = this.#list === null ? columns.map(iterate) : [];
    this.#isAsync = columns.some((column) => !(Symbol.iterator in (column as object)));
  }

  next(): Piece | null | Promise<Piece | null> {
    if (this.#error !== null) return this.#takeError();
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    if (this.#hasFiles) return this.#nextWithFiles();
    const wanted = Math.min(PIECE_TASKS_MAX, Math.max(PIECE_TASKS_MIN, this.#next));
    return this.#isAsync ? this.#nextAsync(wanted) : this.#nextSync(wanted);
  }

  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#left = [];
    this.#ready = [];
    this.#hasFiles = false;
    for (const iterator of this.#iterators) void iterator.return?.();
  }

  #nextSync(wanted: number): Piece | null | Promise<Piece | null> {
    const builder = this.#builder(this.#bytesLast);
    while (builder.count < wanted && builder.bytes < PIECE_BYTES) {
      const values = this.#left;
      this.#left = [];
      this.#fill(values, builder.slice);
      if (!this.#encode(builder, values)) break;
    }
    return this.#finish(builder);
  }

  /** Reads until there are `count` values, or no more. */
  #fill(values: unknown[], count: number): void {
    const list = this.#list;
    if (list !== null) {
      while (values.length < count && this.#listAt < list.length) values.push(list[this.#listAt++]);
      return;
    }
    while (values.length < count && !this.#ended) {
      const heads = this.#iterators.map((iterator) => iterator.next() as IteratorResult<unknown>);
      if (!this.#read(heads, values)) return;
    }
  }

  async #nextAsync(wanted: number): Promise<Piece | null> {
    const builder = this.#builder(this.#bytesLast);
    let waitedAt = performance.now();
    while (builder.count < wanted && builder.bytes < PIECE_BYTES) {
      const values = this.#left;
      this.#left = [];
      let slow = false;
      while (values.length < builder.slice && !this.#ended && !slow) {
        const heads = await Promise.all(this.#iterators.map((iterator) => iterator.next()));
        if (!this.#read(heads, values)) break;
        // What a slow producer has given must not wait for what it has not.
        slow = performance.now() - waitedAt > 5;
      }
      if (!this.#encode(builder, values) || slow) break;
      waitedAt = performance.now();
    }
    return this.#finish(builder);
  }

  /** Adds one task's value; false at the end of the columns. */
  #read(heads: IteratorResult<unknown>[], values: unknown[]): boolean {
    const ended = heads.filter((head) => head.done === true).length;
    if (ended > 0) {
      this.#ended = true;
      if (ended < heads.length) {
        const which = heads.flatMap((head, k) => (head.done === true ? [k] : [])).join(", ");
        throw new HeddleError(
          "ERR_MAP_COLUMNS",
          `${this.#app.name}.map(): column ${which} ended after ${this.#next + values.length} elements, another did not.`,
          "give columns of one length",
        );
      }
      return false;
    }
    const value = heads.length === 1 ? heads[0]?.value : heads.map((head) => head.value);
    if (this.#rows && !Array.isArray(value)) {
      const parameters = parametersOf(this.#app);
      throw new HeddleError(
        "ERR_MAP_COLUMNS",
        `App "${this.#app.name}" takes ${parameters} arguments; element ${this.#next + values.length} of its one column is ${shorten(value)}.`,
        "give one column per parameter, or one column of argument arrays",
      );
    }
    values.push(value);
    return true;
  }

  /** Encodes `values` into the piece; false when it must end here. */
  #encode(builder: PieceBuilder, values: unknown[]): boolean {
    if (values.length === 0) return false;
    const stopped = builder.add(values);
    if (stopped === null) return true;
    if (stopped.error === null) {
      this.#hasFiles = true;
      this.#left = values.slice(stopped.taken);
      return false;
    }
    this.#error = stopped.error;
    this.#left = values.slice(stopped.taken + 1);
    return false;
  }

  /** With the paths of files in place of them, once they are there. */
  async #nextWithFiles(): Promise<Piece | null> {
    this.#hasFiles = false;
    const values = this.#left.splice(0, FILE_TASKS);
    const first = this.#next;
    const list = (value: unknown): unknown[] => (this.#spread ? (value as unknown[]) : [value]);
    const brought = await Promise.all(
      values.map((value, k) => bringInto(this.#app, list(value), first + k, this.#bring)),
    );
    let builder = this.#builder(0);
    for (const args of brought) {
      const stopped = Array.isArray(args) ? builder.add([this.#spread ? args : args[0]]) : { error: args };
      if (stopped === null) continue;
      if (builder.count > 0) this.#ready.push(this.#built(builder));
      this.#error = stopped.error;
      this.#ready.push(this.#takeError());
      builder = this.#builder(0);
    }
    if (builder.count > 0) this.#ready.push(this.#built(builder));
    return this.#ready.shift() ?? null;
  }

  #finish(builder: PieceBuilder): Piece | null | Promise<Piece | null> {
    if (builder.count === 0 && this.#hasFiles) return this.#nextWithFiles();
    if (builder.count === 0) return this.#error === null ? null : this.#takeError();
    this.#bytesLast = builder.bytes;
    return this.#built(builder);
  }

  #builder(bytesExpected: number): PieceBuilder {
    return new PieceBuilder(this.#app, this.#next, this.#spread, bytesExpected);
  }

  #built(builder: PieceBuilder): Piece {
    this.#next += builder.count;
    return builder.finish();
  }

  #takeError(): Piece {
    const error = this.#error as HeddleError;
    this.#error = null;
    const first = this.#next++;
    return { first, last: first + 1, error };
  }
}

/** How many parameters an app has; 0 where that is not known. */
export function parametersOf(app: AppDefinition): number {
  const layout = app.native?.layout;
  return app.fn?.length ?? (Array.isArray(layout) ? layout.length : 0);
}

function iterate(column: Column): AnyIterator {
  if (Symbol.iterator in (column as object)) return (column as Iterable<unknown>)[Symbol.iterator]();
  return (column as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}

class PieceBuilder {
  count = 0;
  bytes = 0;
  readonly #app: AppDefinition;
  readonly #first: number;
  readonly #spread: boolean;
  #buffer: Uint8Array;
  #offsets: Uint32Array = new Uint32Array(PIECE_TASKS_MIN + 1);

  constructor(app: AppDefinition, first: number, spread: boolean, bytesExpected: number) {
    this.#app = app;
    this.#first = first;
    this.#spread = spread;
    this.#buffer = new Uint8Array(Math.max(16_384, bytesExpected));
  }

  /** How many values to encode in one go, by the size of those before. */
  get slice(): number {
    if (this.count === 0) return SLICE_TASKS_FIRST;
    return Math.max(1, Math.min(SLICE_TASKS_MAX, Math.floor((SLICE_BYTES * this.count) / (this.bytes + 1))));
  }

  /** Adds values; where one cannot be sent: its position and why, which is null where it has files that must be brought first. */
  add(values: unknown[]): { taken: number; error: HeddleError | null } | null {
    return withoutFiles(() => this.#add(values));
  }

  #add(values: unknown[]): { taken: number; error: HeddleError | null } | null {
    if (this.#app.kind === "js") {
      try {
        this.#appendAll(values);
        return null;
      } catch {
        // One of them: go one by one to find it.
      }
    }
    for (let k = 0; k < values.length; k++) {
      try {
        this.#addOne(values[k]);
      } catch (error) {
        if (error instanceof FileInTheWay) return { taken: k, error: null };
        const args = this.#spread ? (values[k] as unknown[]) : [values[k]];
        return { taken: k, error: argumentError(error, args, this.#app.name) };
      }
    }
    return null;
  }

  finish(): Piece {
    return {
      first: this.#first,
      last: this.#first + this.count,
      args: "packed",
      start: 0,
      step: 1,
      columns: null,
      bytes: this.#buffer.subarray(0, this.bytes),
      offsets: this.#offsets.slice(0, this.count + 1),
      spread: this.#spread,
    };
  }

  #addOne(value: unknown): void {
    if (this.#app.kind === "js") return this.#append(encodeShared(value));
    const isList = this.#spread || (this.#app.kind === "process" && Array.isArray(value));
    this.#append(packPlain(this.#app, isList ? (value as unknown[]) : [value], this.#first + this.count));
  }

  #appendAll(values: unknown[]): void {
    const count = values.length;
    this.#reserve(0, count);
    const packed = encodeManyShared(values, this.#offsets, this.count, this.bytes);
    this.#checkSizes(count, packed.length);
    this.#reserve(packed.length, 0);
    this.#buffer.set(packed, this.bytes);
    this.bytes += packed.length;
    this.count += count;
  }

  #append(bytes: Uint8Array): void {
    checkSize(bytes.length, this.#app.name);
    this.#reserve(bytes.length, 1);
    this.#buffer.set(bytes, this.bytes);
    this.#offsets[this.count++] = this.bytes;
    this.bytes += bytes.length;
    this.#offsets[this.count] = this.bytes;
  }

  #checkSizes(count: number, length: number): void {
    if (length <= ARGUMENT_BYTES_MAX) return;
    const offsets = this.#offsets.subarray(this.count, this.count + count + 1);
    for (let k = 0; k < count; k++) checkSize((offsets[k + 1] as number) - (offsets[k] as number), this.#app.name);
  }

  #reserve(bytes: number, count: number): void {
    if (this.bytes + bytes > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.bytes + bytes));
      larger.set(this.#buffer.subarray(0, this.bytes));
      this.#buffer = larger;
    }
    if (this.count + count + 1 > this.#offsets.length) {
      const more = new Uint32Array(Math.max(2 * this.#offsets.length, this.count + count + 1));
      more.set(this.#offsets);
      this.#offsets = more;
    }
  }
}
