/**
 * The future of one call: a promise with an id and a state.
 *
 * Lean on purpose, since a program may hold a million. It is a promise itself, not an object that has one: `await` and
 * `Promise.all` then take it as it is, without a promise, two closures and a turn of the queue of their own. They look at
 * `constructor` first, and that is how it knows that somebody waits. A failure that nobody has looked at is no
 * unhandled rejection (futures are often awaited one after the other); it is remembered here, and the end of run() reports it.
 */

import { CancelledError, DependencyError, HeddleError } from "../errors.ts";
import { type FutureState, isOver, transitions } from "./states.ts";
import { addUnobserved, removeUnobserved } from "./unobserved.ts";

export type { FutureState } from "./states.ts";

type Settle = (value: unknown) => void;

/** @internal Whoever waits for a future without a promise of its own. */
export interface Dependent {
  inputSettled(input: AppFuture<unknown>): void;
}

/** @internal Where a call is while it is not over: told when it is cancelled. */
export interface Home {
  cancelled(future: AppFuture<unknown>): void;
}

/** A file, as `file()` makes them. */
export interface FileLike {
  readonly url: string;
  /** Of its content; null: not known. */
  readonly sha256: string | null;
  /** Bytes; null: not known. */
  readonly size: number | null;
  /** Null: it is not on this machine, nor on a file system of it. */
  readonly path: string | null;
  readonly name: string;
}

/** @internal What only calls with files have. */
export interface CallFiles {
  stdout: string | null;
  stderr: string | null;
  outputs: readonly AppFuture<FileLike>[];
  /** Whoever looks at this call looks at that one. */
  origin: AppFuture<unknown> | null;
  /** What errors call it; null: by app and number. */
  label: string | null;
  /** Of the files that its task was to make, the paths of those that are not there after it ran on `rank`; null: it makes none. */
  missing: ((rank: number) => Promise<readonly string[]>) | null;
}

/** @internal Calls that are over, by state. */
export interface Tally {
  /** Calls that are in this state now. */
  readonly now: { running: number; joining: number };
  over(state: FutureState, future: AppFuture<unknown>): void;
}

// The executor of `new Promise` runs at once, so one function and two variables serve all: no closure for each future.
let lastResolve: Settle;
let lastReject: Settle;
function capture(resolve: Settle, reject: Settle): void {
  lastResolve = resolve;
  lastReject = reject;
}

// Dependents are told one after the other, not from within each other: a chain may be longer than the stack.
let settled: AppFuture<unknown>[] = [];
let telling = false;

export class AppFuture<T> extends Promise<T> {
  /** Name of the app. */
  readonly app: string;
  /** Number of this call among the calls of its app; also `context().index` inside the task. */
  readonly index: number;
  /** How often it was sent to run: 1, and one more for each retry. */
  tries = 0;
  /** @internal */
  home: Home | null = null;
  /** @internal */
  files: CallFiles | null = null;
  #state: FutureState = "unscheduled";
  #value: unknown = undefined;
  /** Somebody has it as a promise; or has looked at it otherwise, and tells of a failure. */
  #awaited = false;
  #looked = false;
  #rank = -1;
  #dependents: Dependent | Dependent[] | null = null;
  readonly #tally: Tally | null;
  readonly #resolve: Settle;
  readonly #reject: Settle;

  static {
    Object.defineProperty(AppFuture.prototype, "constructor", {
      get(this: AppFuture<unknown>) {
        if (#awaited in this) this.#await();
        return Promise; // What `then` makes of it is a plain promise.
      },
    });
  }

  /** @internal */
  constructor(app: string, index: number, tally: Tally | null) {
    super(capture as never);
    this.#resolve = lastResolve;
    this.#reject = lastReject;
    this.app = app;
    this.index = index;
    this.#tally = tally;
  }

  /** Unique in the program: `app#index`. */
  get id(): string {
    return `${this.app}#${this.index}`;
  }

  /** Rank that ran the task, once it is done; until then, and where it failed or did not run, null. */
  get rank(): number | null {
    return this.#rank < 0 ? null : this.#rank;
  }

  /** Of a command: the file that its standard output goes to, once it is known. Null: none does, it is in the result. */
  get stdout(): string | null {
    return this.files?.stdout ?? null;
  }

  /** The same for standard error. */
  get stderr(): string | null {
    return this.files?.stderr ?? null;
  }

  /**
   * A future for each file of the option `outputs`: done when the file is in its place. As an argument of a call it is the path of that file.
   */
  get outputs(): readonly AppFuture<FileLike>[] {
    return this.files?.outputs ?? [];
  }

  get state(): FutureState {
    return this.#state;
  }

  /** Is it over, in whatever way? */
  done(): boolean {
    return isOver(this.#state);
  }

  /** The error, where it failed or was cancelled; else null. */
  exception(): HeddleError | null {
    this.#look();
    return this.#value instanceof HeddleError && this.#isError() ? this.#value : null;
  }

  /**
   * Ends it, with a {@link CancelledError}, and what depends on it. A task that did not begin never does. One that runs is ended where
   * it is a command, and no other call of its batch is wanted; else it runs on, and its result is dropped.
   *
   * @returns False: it was over already.
   */
  cancel(): boolean {
    if (this.done()) return false;
    const home = this.home;
    this.#fail("cancelled", new CancelledError(`The call ${this.id}`));
    home?.cancelled(this);
    return true;
  }

  /** A future is no text and no number: `await` gives its result. Throws ERR_FUTURE_USED. */
  [Symbol.toPrimitive](wanted: string): never {
    throw this.#notAwaited(wanted === "string" ? "as a text" : "as a number");
  }

  /** Throws ERR_FUTURE_USED. */
  toJSON(): never {
    throw this.#notAwaited("in JSON");
  }

  #notAwaited(how: string): HeddleError {
    const hint = `await it first: \`await ${this.app}(...)\`; as an argument of another call it can stay as it is`;
    return new HeddleError(
      "ERR_FUTURE_USED",
      `The future of ${this.id} was used ${how}, as if it were its result.`,
      hint,
    );
  }

  override get [Symbol.toStringTag](): string {
    return "AppFuture";
  }

  /** @internal It is `home`'s now. */
  moved(state: FutureState, home: Home | null): void {
    this.#enter(state);
    this.home = home;
    if (state === "launched") this.tries++;
  }

  /** @internal */
  resolve(value: T, rank: number, state: "done" | "memo-done" = "done"): void {
    if (this.done()) return;
    this.#value = value;
    this.#rank = rank;
    this.#enter(state);
    this.#resolve(value);
    this.#tell();
  }

  /** @internal */
  reject(error: HeddleError): void {
    if (!this.done()) this.#fail("failed", error);
  }

  /** @internal `input`, called `name`, was to be an argument of it, and failed with `error`, or was cancelled. */
  inputFailed(input: PromiseLike<unknown>, error: unknown, name: string | null = null): void {
    if (this.done()) return;
    const own = input instanceof AppFuture ? input : null;
    if (own?.state === "cancelled") {
      this.#fail("cancelled", new CancelledError(`The call ${this.id}, with its input ${own.id},`, { cause: error }));
      return;
    }
    const place = { app: this.app, index: this.index, rank: null, arguments: null };
    const called = own === null ? (name ?? "a promise") : own.#called;
    const joined = this.#state === "joining";
    this.#fail("dependency-failed", new DependencyError(place, called, error, { joined, label: this.#label }));
  }

  get #label(): string | null {
    return this.files?.label ?? null;
  }

  get #called(): string {
    return this.#label ?? `${this.app.replace(/^heddle:/, "")}(#${this.index})`;
  }

  /** @internal Tells `dependent` when it is over; at once where it is. Counts as looking at it. */
  subscribe(dependent: Dependent): void {
    this.#look();
    this.listen(dependent);
  }

  /** @internal The same, but somebody else has to look at a failure. */
  listen(dependent: Dependent): void {
    if (this.done()) dependent.inputSettled(this);
    else if (this.#dependents === null) this.#dependents = dependent;
    else if (Array.isArray(this.#dependents)) this.#dependents.push(dependent);
    else this.#dependents = [this.#dependents, dependent];
  }

  /** @internal Does, or did, anybody wait for it? */
  get observed(): boolean {
    return this.#awaited || this.#looked;
  }

  /** @internal Its failure was reported elsewhere. */
  dismiss(): void {
    removeUnobserved(this);
  }

  /** @internal The result, once done; the error, once failed. */
  get outcome(): unknown {
    return this.#value;
  }

  #isError(): boolean {
    return this.#state === "failed" || this.#state === "dependency-failed" || this.#state === "cancelled";
  }

  #enter(state: FutureState): void {
    if (!transitions[this.#state].includes(state)) {
      throw new HeddleError("ERR_INTERNAL", `${this.id} cannot become ${state}: it is ${this.#state}.`);
    }
    const from = this.#state;
    this.#state = state;
    if (this.#tally !== null) {
      if (from === "running" || from === "joining") this.#tally.now[from]--;
      else if (state === "running" || state === "joining") this.#tally.now[state]++;
    }
    if (isOver(state)) {
      this.home = null;
      this.#tally?.over(state, this);
    }
  }

  #fail(state: "failed" | "dependency-failed" | "cancelled", error: HeddleError): void {
    this.#value = error;
    this.#enter(state);
    if (this.#awaited) this.#reject(error);
    else if (state !== "cancelled" && !this.#looked) addUnobserved(this, error);
    this.#tell();
  }

  #tell(): void {
    if (this.#dependents === null) return;
    settled.push(this);
    if (telling) return;
    telling = true;
    try {
      for (const one of settled) one.#tellDependents(); // Grows meanwhile.
    } finally {
      settled = [];
      telling = false;
    }
  }

  #tellDependents(): void {
    const dependents = this.#dependents;
    this.#dependents = null;
    if (Array.isArray(dependents)) for (const one of dependents) one.inputSettled(this);
    else dependents?.inputSettled(this);
  }

  #lookAtOrigin(): void {
    const origin = this.files?.origin ?? null;
    if (origin !== null) origin.#look();
  }

  #look(): void {
    this.#looked = true;
    this.#lookAtOrigin();
    removeUnobserved(this);
  }

  #await(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    this.#lookAtOrigin();
    if (!this.#isError()) return;
    removeUnobserved(this);
    this.#reject(this.#value);
  }
}
