/**
 * Aligned blocks: the fixed tree by which a reduction combines, so that its result has the same bits however the work
 * was spread. A block is `[k * 2^m, (k + 1) * 2^m)`; its value is its left half's combined with its right half's.
 */

/** The largest aligned block that begins at `first` and does not pass `last`: its size. Requires first < last. */
export function alignedSize(first: number, last: number): number {
  let size = 1;
  while (first % (size * 2) === 0 && first + size * 2 <= last) size *= 2;
  return size;
}

/** Cuts `[first, last)` into the fewest aligned blocks. */
export function alignedBlocks(first: number, last: number): [first: number, last: number][] {
  const blocks: [number, number][] = [];
  for (let at = first; at < last; ) {
    const size = alignedSize(at, last);
    blocks.push([at, at + size]);
    at += size;
  }
  return blocks;
}

/** Combines `values[from, to)`, as many as a power of two, in the tree. */
export function foldTree<T>(values: ArrayLike<T>, from: number, to: number, combine: (left: T, right: T) => T): T {
  if (to - from === 1) return values[from] as T;
  const middle = from + (to - from) / 2;
  return combine(foldTree(values, from, middle, combine), foldTree(values, middle, to, combine));
}

/** The same where combining takes its time. */
export async function foldTreeAsync<T>(
  values: ArrayLike<T>,
  from: number,
  to: number,
  combine: (left: T, right: T) => T | PromiseLike<T>,
): Promise<T> {
  // Bottom up over a copy: awaiting in a recursion would make a promise for each leaf.
  const level = Array.prototype.slice.call(values, from, to) as T[];
  for (let count = level.length; count > 1; count /= 2) {
    for (let k = 0; k < count; k += 2) {
      const merged = combine(level[k] as T, level[k + 1] as T);
      level[k / 2] = isThenable(merged) ? await merged : merged;
    }
  }
  return level[0] as T;
}

/** The value of a block. */
export interface Block<T> {
  first: number;
  last: number;
  value: T;
}

/** The block that `left` and `right` together make, or null when they are not the halves of an aligned one. */
export function areHalves(left: Block<unknown>, right: Block<unknown>): boolean {
  const size = left.last - left.first;
  return right.first === left.last && right.last - right.first === size && left.first % (2 * size) === 0;
}

/** Merges halves until no two of `blocks` are halves of one. The result is in index order. */
export async function mergeHalves<T>(
  blocks: readonly Block<T>[],
  combine: (left: T, right: T) => T | PromiseLike<T>,
): Promise<Block<T>[]> {
  const merged: Block<T>[] = [];
  for (const block of [...blocks].sort((a, b) => a.first - b.first)) {
    merged.push(block);
    for (;;) {
      const right = merged[merged.length - 1] as Block<T>;
      const left = merged[merged.length - 2];
      if (left === undefined || !areHalves(left, right)) break;
      merged.length -= 2;
      merged.push({ first: left.first, last: right.last, value: await combine(left.value, right.value) });
    }
  }
  return merged;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
