/** What is thrown out of a store: what is too old, and what was not asked for longest where there is too much. */

import type { Store, StoredResult } from "./store.ts";

export interface Limits {
  /** Bytes of entries; the least recently used go first. */
  maxBytes: number;
  /** Results older than this are gone, ms. */
  ttlMs: number;
}

/** What goes. Where there is too much, a tenth more than needed, so that it is not done for each new result. */
export function chosen(all: Iterable<StoredResult>, { maxBytes, ttlMs }: Limits, now: number): StoredResult[] {
  const kept: StoredResult[] = [];
  const gone: StoredResult[] = [];
  for (const one of all) (now - one.made > ttlMs ? gone : kept).push(one);
  let bytes = kept.reduce((sum, one) => sum + bytesOf(one), 0);
  if (bytes <= maxBytes) return gone;
  for (const one of kept.sort((a, b) => a.used - b.used)) {
    if (bytes <= 0.9 * maxBytes) break;
    bytes -= bytesOf(one);
    gone.push(one);
  }
  return gone;
}

/** With what a tree of pages adds, about. */
function bytesOf({ bytes, key }: StoredResult): number {
  return bytes + key.length + 64;
}

/** Returns how many results went. */
export async function collectGarbage(store: Store, limits: Limits): Promise<number> {
  const gone = chosen(store.list(), limits, Date.now());
  await store.remove(gone.map(({ key }) => key));
  return gone.length;
}
