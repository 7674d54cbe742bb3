/** How a transfer ends before its time: nobody wants it any more, or it does not move. */

import { HeddleError } from "../errors.ts";

/** After it was aborted an attempt has so long to end in order: to remove what is half there, to cancel what others do for it. */
const LAST_MS = 10_000;

/** What an attempt is aborted with that did not move. */
export class Stalled extends Error {}

/** What is under way cannot always be taken back, but nobody needs to wait for it. */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>, patienceMs = 0): Promise<T> {
  work.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  let end = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      const give = (): void => reject(signal.reason);
      end = patienceMs === 0 ? give : () => void (timer = setTimeout(give, patienceMs));
      signal.addEventListener("abort", end, { once: true });
      work.then(resolve, reject);
      if (signal.aborted) end();
    });
  } finally {
    signal.removeEventListener("abort", end);
    clearTimeout(timer);
  }
}

/** How long an attempt may stand still. */
export interface Moving {
  stallMs: number;
  /** Nobody wants it any more. */
  signal: AbortSignal;
  /** Asked from time to time whether it has moved. Null: it tells itself, and is watched from its first word on. */
  moved: (() => Promise<boolean>) | null;
}

/**
 * One attempt, which is aborted when it has not moved for `stallMs`.
 *
 * @param work - Calls `alive` when it moves; with a number of milliseconds where it is not to be given up before those are over.
 */
export async function whileItMoves<T>(
  { stallMs, signal, moved }: Moving,
  work: (signal: AbortSignal, alive: (ms?: number) => void) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  const both = AbortSignal.any([signal, stalled.signal]);
  let until = moved === null ? Number.POSITIVE_INFINITY : performance.now() + 1.5 * stallMs; // It is looked at twice at least.
  const alive = (ms = 0): void => {
    until = performance.now() + Math.max(ms, stallMs);
  };
  const look = async (): Promise<void> => {
    if (await moved?.()) alive();
    if (performance.now() > until) stalled.abort(new Stalled(`no byte moved for ${stallMs / 1_000} s`));
  };
  const timer = setInterval(() => void look(), stallMs);
  try {
    return await untilAborted(both, work(both, alive), LAST_MS);
  } catch (error) {
    // The provider may know better why.
    throw both.aborted && !(error instanceof HeddleError) ? both.reason : error;
  } finally {
    clearInterval(timer);
  }
}

/** Work that several wait for: it is ended when none of them does any more. */
export class SharedWork<T> {
  readonly result: Promise<T>;
  readonly #end: () => void;
  #wanted = 0;
  #over = false;

  /** @param end - Called at most once. Whoever comes later is not to find it any more. */
  constructor(result: Promise<T>, end: () => void) {
    this.result = result;
    this.#end = end;
    const over = (): void => {
      this.#over = true;
    };
    result.then(over, over);
  }

  /** Somebody waits for it. Returns what is called when they do not any more; again does nothing. */
  want(): () => void {
    this.#wanted++;
    let wants = true;
    return () => {
      if (!wants) return;
      wants = false;
      if (--this.#wanted > 0 || this.#over) return;
      this.#over = true;
      this.#end();
    };
  }
}
