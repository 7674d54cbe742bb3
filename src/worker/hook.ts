/** How run() knows that it is inside a JS worker, whichever copy of this package the program imported. */

const KEY = Symbol.for("heddle.worker");
const holder = globalThis as unknown as Record<symbol, (() => void) | undefined>;

export function setWorkerHook(hook: () => void): void {
  holder[KEY] = hook;
}

/** What run() calls inside a worker; undefined elsewhere. */
export function workerHook(): (() => void) | undefined {
  return holder[KEY];
}
