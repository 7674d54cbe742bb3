/**
 * Finished tasks of maps, kept as ranges: few entries, however many tasks.
 *
 * Tasks that differ in one number alone form a series, and are its positions. An entry holds neighbouring positions: under the key of the series and
 * its first position the last one, and the results one after the other. What ends beside another entry is merged with it, as long as that one is not much
 * larger, so that each result is written again a few times at most; in the end all neighbours are, up to `BYTES_MAX`.
 */

import { createHash } from "node:crypto";
import type { Scanned } from "./store.ts";

/** Results of the positions `[first, last)`. */
export interface FinishedRange {
  first: number;
  last: number;
  /** Encoded values one after the other, or elements of a typed array; empty: it is only known that they are done. */
  bytes: Uint8Array;
}

/** Where entries are kept; keys are bytes as latin1. */
export interface RangeStore {
  put(app: string, version: string, key: string, entry: Uint8Array): void;
  remove(app: string, version: string, key: string): void;
  /** See `Store.scan`; of each store. Finds what was put before, written or not. */
  scan(app: string, version: string, from: string, to: string, limit: number): Scanned<string>[];
}

/** What a map's tasks are of. */
export interface SeriesOf {
  app: string;
  version: string;
}

const BYTES_MAX = 1 << 20;
const SETTLED_BYTES = BYTES_MAX / 2; // Such an entry is not merged any more, and not kept in memory.
const SCAN_ENTRIES = 64; // At a time, so that not all results of a map are in memory twice.
const FLUSH_MS = 2; // What ends within this time is written at once.
const ZERO = 2 ** 53; // Positions may be negative, and keys are ordered as bytes.

/** So long are names of series. */
export const SERIES_CHARS = 17;

/** Is it the key of a range, not of a call? */
export function isRangeKey(key: string): boolean {
  return key.startsWith("\x02");
}

/** The name of a series: bytes as latin1. */
export function seriesKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return `\x02${hash.digest().toString("latin1", 0, 16)}`;
}

function keyAt(series: string, position: number): string {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(position) + BigInt(ZERO));
  return series + bytes.toString("latin1");
}

function positionOf(key: string): number {
  return Number(Buffer.from(key.slice(-8), "latin1").readBigUInt64BE() - BigInt(ZERO));
}

/** One entry, or what is to become one. */
interface Run {
  first: number;
  last: number;
  size: number;
  /** Null: written, and never merged again. */
  parts: Uint8Array[] | null;
  written: boolean;
  /** First positions of entries in the store that it takes the place of. */
  stored: number[];
}

/** What a map finishes, on its way to the store. */
export class RangeLog {
  readonly #of: SeriesOf;
  readonly #store: RangeStore;
  readonly #series = new Map<string, Series>();
  #timer: NodeJS.Timeout | null = null;
  #maps = 0;

  constructor(of: SeriesOf, store: RangeStore) {
    this.#of = of;
    this.#store = store;
  }

  /** A map begins that finds what was kept so far. */
  begin(): void {
    this.#maps++;
    this.flush();
  }

  /** A map is over. */
  end(): void {
    this.flush(true);
    if (--this.#maps === 0) this.#series.clear();
  }

  /**
   * What is known of the positions `[first, upTo)`, in their order, where `upTo` is at most `last`.
   *
   * @param cut - Of `bytes` that hold the results of `[first, last)` those of a part of it.
   */
  find(
    series: string,
    first: number,
    last: number,
    cut: (all: FinishedRange, part: FinishedRange) => Uint8Array,
  ): { found: FinishedRange[]; upTo: number } {
    const { app, version } = this.#of;
    let upTo = last;
    const scanned = this.#store.scan(app, version, keyAt(series, first), keyAt(series, last), SCAN_ENTRIES);
    const stores = scanned.map(({ entries, reached }) => {
      const ranges = entries.flatMap(({ key, entry }) => (key.startsWith(series) ? [rangeOf(key, entry)] : []));
      if (reached !== null) upTo = Math.min(upTo, Math.max(positionOf(reached), ranges.at(-1)?.last ?? first));
      return ranges;
    });
    const found: FinishedRange[] = [];
    for (const ranges of stores) {
      for (const gap of gapsOf(found, first, upTo)) found.push(...within(ranges, gap, cut));
      found.sort((a, b) => a.first - b.first);
    }
    return { found, upTo };
  }

  /** @param positions - Of the whole series, where that is known: it is forgotten here when all are there. */
  add(series: string, range: FinishedRange, positions: number | null): void {
    let own = this.#series.get(series);
    if (own === undefined) {
      own = new Series(positions);
      this.#series.set(series, own);
    }
    own.add(range);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Hands to the store what it does not have. `all`: the map is over, all neighbours are merged. */
  flush(all = false): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const { app, version } = this.#of;
    for (const [name, series] of this.#series) {
      const puts = series.take(all);
      for (const run of puts) {
        this.#store.put(app, version, keyAt(name, run.first), entryOf(run));
        for (const old of run.stored) if (old !== run.first) this.#store.remove(app, version, keyAt(name, old));
      }
      if (series.settle(puts)) this.#series.delete(name);
    }
  }
}

/** Runs of one series, found by either end. */
class Series {
  readonly #byFirst = new Map<number, Run>();
  readonly #byLast = new Map<number, Run>();
  #fresh = new Set<Run>();
  readonly #positions: number | null;

  constructor(positions: number | null) {
    this.#positions = positions;
  }

  add({ first, last, bytes }: FinishedRange): void {
    if ((this.#byFirst.get(first)?.last ?? first) >= last) return; // Another map was faster.
    let run: Run = {
      first,
      last,
      size: bytes.length,
      parts: bytes.length === 0 ? [] : [bytes],
      written: false,
      stored: [],
    };
    const [left, right] = [this.#byLast.get(first), this.#byFirst.get(last)];
    if (left !== undefined && !left.written && mayMerge(left, run)) run = this.#merge(left, run);
    if (right !== undefined && !right.written && mayMerge(run, right)) run = this.#merge(run, right);
    this.#keep(run);
  }

  /** What is to be written, with all that it is merged with. */
  take(all: boolean): Run[] {
    const begin = all ? [...this.#byFirst.values()].sort((a, b) => a.first - b.first) : [...this.#fresh];
    for (let run of begin) {
      if (this.#byFirst.get(run.first) !== run) continue; // It was merged.
      for (let next = this.#neighbour(run, all); next !== null; next = this.#neighbour(run, all))
        run = this.#keep(next.first < run.first ? this.#merge(next, run) : this.#merge(run, next));
    }
    return [...this.#fresh];
  }

  /** One that it is to be merged with. */
  #neighbour(run: Run, all: boolean): Run | null {
    const left = this.#byLast.get(run.first);
    if (left !== undefined && worth(left, run, all)) return left;
    const right = this.#byFirst.get(run.last);
    return right !== undefined && worth(right, run, all) ? right : null;
  }

  /** They are written. Returns true when nothing more can come. */
  settle(runs: readonly Run[]): boolean {
    this.#fresh = new Set();
    for (const run of runs) {
      run.written = true;
      run.stored = [run.first];
      if (run.size >= SETTLED_BYTES) run.parts = null;
    }
    const [only] = this.#byFirst.values();
    return this.#byFirst.size === 1 && only !== undefined && only.last - only.first === this.#positions;
  }

  #merge(left: Run, right: Run): Run {
    for (const run of [left, right]) {
      if (this.#byFirst.get(run.first) === run) this.#byFirst.delete(run.first);
      if (this.#byLast.get(run.last) === run) this.#byLast.delete(run.last);
      this.#fresh.delete(run);
    }
    const parts = [...(left.parts ?? []), ...(right.parts ?? [])];
    return {
      first: left.first,
      last: right.last,
      size: left.size + right.size,
      parts,
      written: false,
      stored: [...left.stored, ...right.stored],
    };
  }

  #keep(run: Run): Run {
    this.#byFirst.set(run.first, run);
    this.#byLast.set(run.last, run);
    this.#fresh.add(run);
    return run;
  }
}

function mayMerge(a: Run, b: Run): boolean {
  return a.parts !== null && b.parts !== null && a.size + b.size <= BYTES_MAX;
}

/** Is a neighbour to be written again with it? */
function worth(neighbour: Run, run: Run, all: boolean): boolean {
  if (!mayMerge(neighbour, run)) return false;
  return all || neighbour.size === 0 || neighbour.last - neighbour.first <= 2 * (run.last - run.first);
}

/** Number of positions (f64, little-endian), and the results. */
function entryOf({ first, last, size, parts }: Run): Uint8Array {
  const entry = Buffer.allocUnsafe(8 + size);
  entry.writeDoubleLE(last - first);
  let at = 8;
  for (const part of parts ?? []) {
    entry.set(part, at);
    at += part.length;
  }
  return entry;
}

/** What an entry of a store holds; null: no range, the result of a call. */
export function rangeIn(key: string, entry: Uint8Array): FinishedRange | null {
  return isRangeKey(key) ? rangeOf(key, entry) : null;
}

function rangeOf(key: string, entry: Uint8Array): FinishedRange {
  const first = positionOf(key);
  const count = new DataView(entry.buffer, entry.byteOffset, 8).getFloat64(0, true);
  return { first, last: first + count, bytes: new Uint8Array(entry.buffer, entry.byteOffset + 8, entry.length - 8) };
}

function gapsOf(found: readonly FinishedRange[], first: number, last: number): [number, number][] {
  const gaps: [number, number][] = [];
  let at = first;
  for (const range of [...found, { first: last, last }]) {
    if (range.first > at) gaps.push([at, range.first]);
    at = range.last;
  }
  return gaps;
}

/** The parts of `known` that lie in a gap; entries may overlap where a program was killed while it merged them. */
function within(
  known: readonly FinishedRange[],
  [first, last]: [number, number],
  cut: (all: FinishedRange, part: FinishedRange) => Uint8Array,
): FinishedRange[] {
  const found: FinishedRange[] = [];
  let at = first;
  for (const range of known) {
    const part = { first: Math.max(at, range.first), last: Math.min(last, range.last), bytes: range.bytes };
    if (part.first >= part.last) continue;
    const whole = part.first === range.first && part.last === range.last;
    found.push(whole ? part : { ...part, bytes: cut(range, part) });
    at = part.last;
  }
  return found;
}
