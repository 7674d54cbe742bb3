/**
 * Finds the task to which an unhandled rejection belongs: every promise made on this thread is marked with the index of
 * the task that was running. An app that makes no promise never comes here.
 */

import { promiseHooks } from "node:v8";

const OWNER = Symbol("heddle.task");

type Owned = Promise<unknown> & { [OWNER]?: number };

export class RejectionWatch {
  /** Promises made since the caller last set it to 0. */
  made = 0;
  readonly #cell: Float64Array;
  readonly #stop: () => void;

  /** `cell[0]` is the index of the running task, -1 for none. */
  constructor(cell: Float64Array) {
    this.#cell = cell;
    this.#stop = promiseHooks.onInit((promise) => {
      this.made++;
      const index = this.#cell[0] as number;
      if (index >= 0) (promise as Owned)[OWNER] = index;
    }) as () => void;
  }

  /** The task during which `promise` was made; -1: none. */
  ownerOf(promise: Promise<unknown>): number {
    return (promise as Owned)[OWNER] ?? -1;
  }

  stop(): void {
    this.#stop();
  }
}
