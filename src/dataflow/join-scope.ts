/** What the function of a joinApp begins: found where it is called from, however far from the function's first line. */

import { AsyncLocalStorage } from "node:async_hooks";

/** A call or a map. */
interface Begun {
  done(): boolean;
  cancel(): unknown;
}

// It makes every promise of the process dearer while it is on: so only as long as an async function runs that needs it.
const scopes = new AsyncLocalStorage<JoinScope>();
let asyncRuns = 0;
/** Of a function that is not async, while it runs. */
let current: JoinScope | undefined;
const LOOK_FIRST = 64;

/** Of one run of such a function. */
export class JoinScope {
  #begun = new Set<Begun>();
  #lookAt = LOOK_FIRST;
  #cancelled = false;

  /** Runs what is not async. */
  run<T>(fn: () => T): T {
    const before = current;
    current = this;
    try {
      return fn();
    } finally {
      current = before;
    }
  }

  async runAsync<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    asyncRuns++;
    try {
      return await scopes.run(this, fn);
    } finally {
      if (--asyncRuns === 0) scopes.disable();
    }
  }

  add(one: Begun): void {
    if (this.#cancelled) return void one.cancel();
    this.#begun.add(one);
    if (this.#begun.size < this.#lookAt) return;
    for (const each of this.#begun) if (each.done()) this.#begun.delete(each); // A loop may call without end.
    this.#lookAt = Math.max(LOOK_FIRST, 2 * this.#begun.size);
  }

  /** Nothing of it is wanted: neither what runs, nor what the function still begins. */
  cancel(): void {
    this.#cancelled = true;
    const begun = this.#begun;
    this.#begun = new Set();
    for (const one of begun) if (!one.done()) one.cancel();
  }

  /** The function has ended well. */
  forget(): void {
    this.#begun.clear();
  }
}

/** Where the code that runs now was called by the function of a joinApp. */
export function joinScope(): JoinScope | undefined {
  return current ?? (asyncRuns > 0 ? scopes.getStore() : undefined);
}
