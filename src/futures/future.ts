/**
 * The future of one call: a promise with an id and a state.
 *
 * Lean on purpose, since a program may hold a million: the inner promise exists only once somebody waits. A failure that
 * nobody has looked at is no unhandled rejection (futures are often awaited one after the other); it is remembered
 * here, and the end of run() reports it.
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

export class AppFuture<T> implements Promise<T> {
  /** Name of the app. */
  readonly app: string;
  /** Number of this call among the calls of its app; also `context().index` inside the task. */
  readonly index: number;
  /** @internal Called once it is done or failed. */
  whenSettled: (() => void) | null = null;
  #state: FutureState;
  #value: unknown = undefined;
  #inner: Promise<T> | null = null;
  #resolve: Settle | null = null;
  #reject: Settle | null = null;

  /** @internal */
  constructor(app: string, index: number, state: FutureState) {
    this.app = app;
    this.index = index;
    this.#state = state;
  }

  /** Unique in the program: `app#index`. */
  get id(): string {
    return `${this.app}#${this.index}`;
  }

  get state(): FutureState {
    return this.#state;
  }

  get [Symbol.toStringTag](): string {
    return "AppFuture";
  }

  // biome-ignore lint/suspicious/noThenProperty: a future is a thenable by design
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onDone, onFailed);
  }

  catch<B = never>(onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#promise().catch(onFailed);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#promise().finally(onEnd);
  }

  /** @internal The arguments are known now. */
  submitted(): void {
    if (this.#state === "waiting") this.#state = "pending";
  }

  /** @internal */
  resolve(value: T): void {
    if (this.#resolve !== null) {
      this.#resolve(value);
      this.#resolve = this.#reject = null;
    }
    this.#value = value;
    this.#state = "done";
    this.whenSettled?.();
  }

  /** @internal */
  reject(error: HeddleError): void {
    if (this.#reject !== null) {
      this.#reject(error);
      this.#resolve = this.#reject = null;
    } else if (this.#inner === null) {
      addUnobserved(this, error);
    }
    this.#value = error;
    this.#state = "failed";
    this.whenSettled?.();
  }

  /** @internal Does, or did, anybody wait for it? */
  get observed(): boolean {
    return this.#inner !== null;
  }

  /** @internal Its failure was reported elsewhere. */
  dismiss(): void {
    removeUnobserved(this);
  }

  /** @internal The result, once done; the error, once failed. */
  get outcome(): unknown {
    return this.#value;
  }

  #promise(): Promise<T> {
    if (this.#inner !== null) return this.#inner;
    if (this.#state === "done") this.#inner = Promise.resolve(this.#value as T);
    else if (this.#state === "failed") {
      removeUnobserved(this);
      this.#inner = Promise.reject(this.#value);
    } else {
      this.#inner = new Promise<T>(capture as never);
      this.#resolve = lastResolve;
      this.#reject = lastReject;
    }
    return this.#inner;
  }
}
