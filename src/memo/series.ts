/** Finished positions of one series: runs beside each other that are to become one entry of a store. */

/** Results of the positions `[first, last)`. */
export interface FinishedRange {
  first: number;
  last: number;
  /** Encoded values one after the other, or elements of a typed array; empty: it is only known that they are done. */
  bytes: Uint8Array;
}

/** Of `all.bytes` the results of a part of it. */
export type Cut = (all: FinishedRange, part: { first: number; last: number }) => Uint8Array;

const BYTES_MAX = 1 << 20;
const SETTLED_BYTES = BYTES_MAX / 2; // Such an entry is not merged any more, and not kept in memory.

/** One entry, or what is to become one. */
export interface Run {
  first: number;
  last: number;
  size: number;
  /** Null: written, and never merged again. */
  parts: Uint8Array[] | null;
  written: boolean;
  /** First positions of entries in the store that it takes the place of. */
  stored: number[];
}

export class Series {
  /** Maps that have it open. */
  users = 0;
  /** In order; none overlaps another. */
  readonly #runs: Run[] = [];
  /** Not written yet. */
  readonly #fresh = new Set<Run>();

  /** What of it is there already is left out: another map, or equal rows, were faster. */
  add(range: FinishedRange, cut: Cut): void {
    const { first, last } = range;
    const begin = this.#indexOf(first);
    let end = begin;
    while (end < this.#runs.length && (this.#runs[end] as Run).first < last) end++;
    for (const [from, to] of gapsOf(this.#runs.slice(begin, end), first, last)) {
      const bytes = from === first && to === last ? range.bytes : cut(range, { first: from, last: to });
      const parts = bytes.length === 0 ? [] : [bytes];
      this.#insert({ first: from, last: to, size: bytes.length, parts, written: false, stored: [] });
    }
  }

  /** What is to be written, with all that it is merged with; from now on it counts as written. */
  take(all: boolean): Run[] {
    for (const begun of all ? [...this.#runs] : [...this.#fresh]) {
      let run = begun;
      let at = this.#indexOf(run.first);
      if (this.#runs[at] !== run) continue; // It was merged.
      for (let merged: Run | null = run; merged !== null; merged = this.#mergeWithNeighbour(at, all)) {
        run = merged;
        at = this.#indexOf(run.first);
      }
    }
    const taken = [...this.#fresh];
    this.#fresh.clear();
    for (const run of taken) run.written = true;
    return taken;
  }

  /** Frees the results of what is written, which is not merged any more then. */
  letGo(): void {
    for (const run of this.#runs) if (run.written && run.size > 0) run.parts = null;
  }

  /** Of the first run that ends behind this position. */
  #indexOf(position: number): number {
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle] as Run).last > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #insert(run: Run): void {
    const at = this.#indexOf(run.first);
    this.#runs.splice(at, 0, run);
    this.#fresh.add(run);
    const [left, right] = [this.#runs[at - 1], this.#runs[at + 1]];
    if (right !== undefined && !right.written && mayMerge(run, right)) this.#merge(at);
    if (left !== undefined && !left.written && mayMerge(left, this.#runs[at] as Run)) this.#merge(at - 1);
  }

  #mergeWithNeighbour(at: number, all: boolean): Run | null {
    const run = this.#runs[at] as Run;
    const [left, right] = [this.#runs[at - 1], this.#runs[at + 1]];
    if (left !== undefined && worth(left, run, all)) return this.#merge(at - 1);
    return right !== undefined && worth(right, run, all) ? this.#merge(at) : null;
  }

  /** The run there and the next one. */
  #merge(at: number): Run {
    const [left, right] = this.#runs.slice(at, at + 2) as [Run, Run];
    const run: Run = {
      first: left.first,
      last: right.last,
      size: left.size + right.size,
      parts: [...(left.parts ?? []), ...(right.parts ?? [])],
      written: false,
      stored: [...left.stored, ...right.stored],
    };
    this.#runs.splice(at, 2, run);
    this.#fresh.delete(left);
    this.#fresh.delete(right);
    this.#fresh.add(run);
    return run;
  }
}

/** A run was handed to the store. Returns how many bytes of it need not stay here. */
export function settle(run: Run): number {
  run.stored = [run.first];
  if (run.size < SETTLED_BYTES) return 0;
  run.parts = null;
  return run.size;
}

function mayMerge(a: Run, b: Run): boolean {
  const beside = a.last === b.first || b.last === a.first;
  return beside && a.parts !== null && b.parts !== null && a.size + b.size <= BYTES_MAX;
}

/** Is a neighbour to be written again with it? */
function worth(neighbour: Run, run: Run, all: boolean): boolean {
  if (!mayMerge(neighbour, run)) return false;
  return all || neighbour.size === 0 || neighbour.last - neighbour.first <= 2 * (run.last - run.first);
}

/** What of `[first, last)` these do not cover; they are in order. */
export function gapsOf(
  found: readonly { first: number; last: number }[],
  first: number,
  last: number,
): [number, number][] {
  const gaps: [number, number][] = [];
  let at = first;
  for (const range of [...found, { first: last, last }]) {
    if (range.first > at) gaps.push([at, range.first]);
    at = Math.max(at, range.last);
  }
  return gaps;
}
