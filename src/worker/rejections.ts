/**
 * Finds the task to which an unhandled rejection belongs: every promise made on this thread is marked with the index of
 * the task that was running. An app that makes no promise never comes here.
 */

import { promiseHooks } from "node:v8";

import type { NestedTask, TaskScope } from "./nested.ts";

const OWNER = Symbol("heddle.task");

type Owned = Promise<unknown> & { [OWNER]?: number | NestedTask };

export class RejectionWatch {
  /** Promises made since the caller last set it to 0. */
  made = 0;
  readonly #cell: Float64Array;
  readonly #stop: () => void;

  /** `cell[0]` is the index of the running task, -1 for none. */
  constructor(cell: Float64Array, scope: TaskScope | null = null) {
    this.#cell = cell;
    this.#stop = promiseHooks.onInit((promise) => {
      this.made++;
      const nested = scope?.current();
      if (nested !== undefined) {
        (promise as Owned)[OWNER] = nested;
        return;
      }
      const index = this.#cell[0] as number;
      if (index >= 0) (promise as Owned)[OWNER] = index;
    }) as () => void;
  }

  /** The task during which `promise` was made, by its index unless it has called apps; -1: none. */
  ownerOf(promise: Promise<unknown>): number | NestedTask {
    return (promise as Owned)[OWNER] ?? -1;
  }

  stop(): void {
    this.#stop();
  }
}
