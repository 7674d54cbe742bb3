/**
 * Finished tasks of maps, kept as ranges: few entries, however many tasks.
 *
 * Tasks that differ in one number alone form a series, and are its positions. An entry holds neighbouring positions: under the key of the series and
 * its first position the last one, and the results one after the other. What ends beside another entry is merged with it, as long as that one is not much
 * larger, so that each result is written again a few times at most; in the end all neighbours are, up to a size.
 */

import { createHash } from "node:crypto";
import { type Cut, type FinishedRange, gapsOf, type Run, Series, settle } from "./series.ts";
import type { Scanned } from "./store.ts";

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

const HELD_MAX = 64 * 1024 * 1024; // Of results that are written and may be merged: then they are let go as they are.
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

/** What maps finish, on its way to the store. */
export class RangeLog {
  readonly #of: SeriesOf;
  readonly #store: RangeStore;
  readonly #series = new Map<string, Series>();
  /** Those with something to write. */
  readonly #dirty = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  readonly #heldMax: number;
  #heldBytes = 0;

  constructor(of: SeriesOf, store: RangeStore, heldMax: number = HELD_MAX) {
    this.#of = of;
    this.#store = store;
    this.#heldMax = heldMax;
  }

  /** How many series are open. */
  get size(): number {
    return this.#series.size;
  }

  /**
   * A map begins with a series. As long as one has it open all that was written of it meanwhile is known here: what is finished twice, because two maps run the
   * same tasks, is written once.
   */
  open(series: string): void {
    const own = this.#series.get(series) ?? new Series();
    own.users++;
    this.#series.set(series, own);
  }

  /** A map has no more of it. After the last one all neighbours are merged, and nothing of it stays here. */
  close(series: string): void {
    const own = this.#series.get(series) as Series;
    if (--own.users > 0) return;
    this.#write(series, own, true);
    this.#series.delete(series);
    this.#dirty.delete(series);
  }

  /**
   * What is known of the positions `[first, upTo)`, in their order, where `upTo` is at most `last`.
   *
   * @param cut - Of `bytes` that hold the results of `[first, last)` those of a part of it.
   */
  find(series: string, first: number, last: number, cut: Cut): { found: FinishedRange[]; upTo: number } {
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

  /**
   * Positions of an open series are done; what is known already is left out.
   *
   * @param cut - As for `find`.
   */
  add(series: string, range: FinishedRange, cut: Cut): void {
    (this.#series.get(series) as Series).add(range, cut);
    this.#dirty.add(series);
    this.#heldBytes += range.bytes.length;
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Hands to the store what it does not have. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const name of this.#dirty) this.#write(name, this.#series.get(name) as Series, false);
    this.#dirty.clear();
    if (this.#heldBytes <= this.#heldMax) return;
    for (const series of this.#series.values()) series.letGo();
    this.#heldBytes = 0;
  }

  #write(name: string, series: Series, all: boolean): void {
    const { app, version } = this.#of;
    for (const run of series.take(all)) {
      this.#store.put(app, version, keyAt(name, run.first), entryOf(run));
      for (const old of run.stored) if (old !== run.first) this.#store.remove(app, version, keyAt(name, old));
      this.#heldBytes -= settle(run);
    }
  }
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

/** The parts of `known` that lie in a gap; entries may overlap where a program was killed while it merged them. */
function within(known: readonly FinishedRange[], [first, last]: [number, number], cut: Cut): FinishedRange[] {
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
