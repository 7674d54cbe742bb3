/** Changes of a store that it does not show yet: because of the mode, or because they are on their way. */

import type { Scanned } from "./store.ts";

/** Null: the entry is to be removed. */
export interface Change {
  entry: Uint8Array | null;
}

/** Keys are bytes as latin1. Those of one series, of which maps are kept, lie together: a search looks at no others. */
export class PendingRanges {
  readonly #bySeries = new Map<string, Map<string, Change>>();
  readonly #seriesLength: number;

  /** @param seriesLength - So many characters at the beginning of a key name the series. */
  constructor(seriesLength: number) {
    this.#seriesLength = seriesLength;
  }

  set(key: string, change: Change): void {
    const series = key.slice(0, this.#seriesLength);
    const changes = this.#bySeries.get(series);
    if (changes !== undefined) changes.set(key, change);
    else this.#bySeries.set(series, new Map([[key, change]]));
  }

  /** The store shows it now, unless there is a later one. */
  shown(key: string, change: Change): void {
    const series = key.slice(0, this.#seriesLength);
    const changes = this.#bySeries.get(series);
    if (changes?.get(key) !== change) return;
    changes.delete(key);
    if (changes.size === 0) this.#bySeries.delete(series);
  }

  /** What `Store.scan` of `[first, last)`, keys of one series, would find if all were written. */
  over(first: string, last: string, scanned: Scanned<string>): Scanned<string> {
    const changes = this.#bySeries.get(first.slice(0, this.#seriesLength));
    if (changes === undefined) return scanned;
    const { entries, reached } = scanned;
    const all = entries.filter(({ key }) => !changes.has(key));
    let before: { key: string; entry: Uint8Array } | null = null;
    for (const [key, { entry }] of changes) {
      if (entry === null || key >= last || (reached !== null && key > reached)) continue;
      if (key >= first) all.push({ key, entry });
      else if (before === null || key > before.key) before = { key, entry };
    }
    if (before !== null) all.push(before);
    return { entries: all.sort((a, b) => (a.key < b.key ? -1 : 1)), reached };
  }
}
