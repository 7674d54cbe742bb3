/**
 * The future of one call: a promise with an id and a state.
 *
 * Lean on purpose, since a program may hold a million. It is a promise itself, not an object that has one: `await` and
 * `Promise.all` then take it as it is, without a promise, two closures and a turn of the queue of their own. They look at
 * `constructor` first, and that is how it knows that somebody waits. A failure that nobody has looked at is no
 * unhandled rejection (futures are often awaited one after the other); it is remembered here, and the end of run() reports it.
 */

import type { HeddleError } from "../errors.ts";
import { addUnobserved, removeUnobserved } from "./unobserved.ts";

/** "waiting": for other futures it got as arguments; "pending": submitted, not done. */
export type FutureState = "waiting" | "pending" | "done" | "failed";

type Settle = (value: unknown) => void;

// The executor of `new Promise` runs at once, so one function and two variables serve all: no closure for each future.
let lastResolve: Settle;
let lastReject: Settle;
function capture(resolve: Settle, reject: Settle): void {
  lastResolve = resolve;
  lastReject = reject;
}

export class AppFuture<T> extends Promise<T> {
  /** Name of the app. */
  readonly app: string;
  /** Number of this call among the calls of its app; also `context().index` inside the task. */
  readonly index: number;
  /** @internal Called once it is done or failed. */
  whenSettled: (() => void) | null = null;
  #state: FutureState;
  #value: unknown = undefined;
  #observed = false;
  #rank = -1;
  readonly #resolve: Settle;
  readonly #reject: Settle;

  static {
    Object.defineProperty(AppFuture.prototype, "constructor", {
      get(this: AppFuture<unknown>) {
        if (#observed in this) this.#observe();
        return Promise; // What `then` makes of it is a plain promise.
      },
    });
  }

  /** @internal */
  constructor(app: string, index: number, state: FutureState) {
    super(capture as never);
    this.#resolve = lastResolve;
    this.#reject = lastReject;
    this.app = app;
    this.index = index;
    this.#state = state;
  }

  /** Unique in the program: `app#index`. */
  get id(): string {
    return `${this.app}#${this.index}`;
  }

  /** Rank that ran the task, once it is done; until then, and where it failed, null. */
  get rank(): number | null {
    return this.#rank < 0 ? null : this.#rank;
  }

  get state(): FutureState {
    return this.#state;
  }

  override get [Symbol.toStringTag](): string {
    return "AppFuture";
  }

  /** @internal The arguments are known now. */
  submitted(): void {
    if (this.#state === "waiting") this.#state = "pending";
  }

  /** @internal */
  resolve(value: T, rank: number): void {
    this.#value = value;
    this.#rank = rank;
    this.#state = "done";
    this.#resolve(value);
    this.whenSettled?.();
  }

  /** @internal */
  reject(error: HeddleError): void {
    this.#value = error;
    this.#state = "failed";
    if (this.#observed) this.#reject(error);
    else addUnobserved(this, error);
    this.whenSettled?.();
  }

  /** @internal Does, or did, anybody wait for it? */
  get observed(): boolean {
    return this.#observed;
  }

  /** @internal Its failure was reported elsewhere. */
  dismiss(): void {
    removeUnobserved(this);
  }

  /** @internal The result, once done; the error, once failed. */
  get outcome(): unknown {
    return this.#value;
  }

  #observe(): void {
    if (this.#observed) return;
    this.#observed = true;
    if (this.#state !== "failed") return;
    removeUnobserved(this);
    this.#reject(this.#value);
  }
}
