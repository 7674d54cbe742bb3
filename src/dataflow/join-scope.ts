/**
 * What the function of a joinApp begins: all of an async function, however far from its first line; of any other what it begins before it returns.
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** A call or a map. */
interface Begun {
  done(): boolean;
  cancel(): unknown;
  /** Nobody needs to be told of its failure. */
  dismiss?(): void;
}

// It makes every promise of the process dearer while it is on: so only as long as an async function runs that needs it.
const scopes = new AsyncLocalStorage<JoinScope>();
let asyncRuns = 0;
/** Of a function that is not async, while it runs. */
let current: JoinScope | undefined;
const LOOK_FIRST = 64;
const LEAVE_MS = 10_000;

/** Of one run of such a function. */
export class JoinScope {
  #begun = new Set<Begun>();
  #lookAt = LOOK_FIRST;
  #cancelled = false;
  /** An async function runs. */
  #isOn = false;

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
    this.#isOn = true;
    try {
      return await scopes.run(this, fn);
    } finally {
      this.#off();
    }
  }

  /** Its call is over. The function may go on, perhaps for ever: what it begins is found for a while. */
  leave(): void {
    if (this.#isOn) setTimeout(() => this.#off(), LEAVE_MS).unref();
  }

  #off(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    if (--asyncRuns === 0) scopes.disable();
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
    for (const one of begun) {
      if (one.done()) one.dismiss?.();
      else one.cancel();
    }
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
