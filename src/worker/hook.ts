/** How run() and calls of apps know where they are, whichever copy of this package the program imported. */

const KEY = Symbol.for("heddle.worker");
const ISOLATED = Symbol.for("heddle.isolated");
const holder = globalThis as unknown as Record<symbol, (() => void) | undefined>;

export function setWorkerHook(hook: () => void): void {
  holder[KEY] = hook;
}

/** What run() calls inside a worker; undefined elsewhere. */
export function workerHook(): (() => void) | undefined {
  return holder[KEY];
}

/** Called in a process for isolated tasks. */
export function setIsolated(): void {
  holder[ISOLATED] = () => {};
}

/** True in a process for isolated tasks. */
export function isIsolated(): boolean {
  return holder[ISOLATED] !== undefined;
}
