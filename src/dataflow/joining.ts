/** Calls of a joinApp: its function runs here, and the call ends with the futures that it returned. */

import { HeddleError, headline, TaskError } from "../errors.ts";
import { AppFuture, type Dependent, type Home } from "../futures/future.ts";
import { isThenable } from "../serialize/blocks.ts";
import { type AppDefinition, isOwn, type RetryPolicy } from "../serialize/registry.ts";
import { shortenArguments } from "../serialize/values.ts";
import { JoinScope } from "./join-scope.ts";
import { mayRetry } from "./retries.ts";

/** Whether such a call is tried again, and what is told of it. */
export interface JoiningEvents {
  retries(): RetryPolicy | null;
  /** Once: the future is over. */
  ended(): void;
  /** It failed, and begins anew. */
  retried(error: HeddleError): void;
}

/** Runs the function of one call, and waits for what it returns. */
export class JoiningCall implements Home {
  readonly #app: AppDefinition;
  readonly #args: readonly unknown[];
  readonly #future: AppFuture<unknown>;
  readonly #events: JoiningEvents;
  #attempt: Attempt | null = null;
  #over = false;

  constructor(app: AppDefinition, args: readonly unknown[], future: AppFuture<unknown>, events: JoiningEvents) {
    this.#app = app;
    this.#args = args;
    this.#future = future;
    this.#events = events;
  }

  run(): void {
    if (this.#future.done()) return this.#events.ended();
    this.#future.moved("joining", this);
    this.#begin();
  }

  #begin(): void {
    const { fn, walltimeMs } = this.#app;
    this.#future.tries++;
    this.#attempt = new Attempt(walltimeMs, {
      done: (value) => {
        this.#future.resolve(value, -1);
        this.#end();
      },
      threw: (cause) => this.#failed(this.#error(cause), (error) => this.#future.reject(error)),
      inputFailed: (input, error) => this.#failed(error, () => this.#future.inputFailed(input, error)),
      late: () => this.#failed(this.#lateError(), (error) => this.#future.reject(error)),
    });
    const isAsync = Object.prototype.toString.call(fn) === "[object AsyncFunction]";
    const call = (): unknown => (fn as (...args: readonly unknown[]) => unknown)(...this.#args);
    void this.#attempt.run(call, isOwn(this.#app) ? "shared" : isAsync ? "async" : "sync");
  }

  /** What it began is not wanted either. */
  cancelled(): void {
    this.#attempt?.cancel(true);
    this.#end();
  }

  #failed<E>(cause: E, fail: (cause: E) => void): void {
    const retries = this.#events.retries();
    const error = cause instanceof HeddleError ? cause : this.#error(cause);
    if (retries === null || error.code === "ERR_CANCELLED" || !mayRetry(this.#app.name, retries, this.#future, error)) {
      fail(cause);
      return this.#end();
    }
    if (this.#over) return; // Who was asked has cancelled it.
    this.#attempt?.cancel(false); // What it still does is done anew.
    this.#events.retried(error);
    setImmediate(() => this.#over || this.#begin()); // Not from within: it may fail at once, as often as its retries say.
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#attempt = null;
    this.#events.ended();
  }

  #lateError(): HeddleError {
    this.#attempt?.cancel(false);
    const { name, walltimeMs } = this.#app;
    const text = `${name}(${shortenArguments(this.#args)}): it had not ended after its walltime of ${walltimeMs / 1_000} s; what it had begun was cancelled`;
    return new TaskError("ERR_WALLTIME", text, "raise `walltime`", this.#place());
  }

  #place(): { app: string; index: number; rank: null; arguments: string } {
    return { app: this.#app.name, index: this.#future.index, rank: null, arguments: shortenArguments(this.#args) };
  }

  #error(cause: unknown): HeddleError {
    // Of files: what they say themselves is all there is to say.
    if (isOwn(this.#app) && cause instanceof HeddleError) {
      return new TaskError(cause.code, headline(cause), cause.hint, this.#place(), { cause: cause.cause });
    }
    const text = `${this.#app.name}(${shortenArguments(this.#args)}): ${headline(cause)}`;
    return new TaskError("ERR_TASK_FAILED", text, null, this.#place(), { cause });
  }
}

/** How one run of the function ends; told once. */
interface AttemptEvents {
  done(value: unknown): void;
  threw(cause: unknown): void;
  inputFailed(input: PromiseLike<unknown>, error: unknown): void;
  /** It took longer than it may. */
  late(): void;
}

const TIMER_MS_MAX = 2 ** 31 - 1; // 24.8 days; timers of Node count no further.

class Attempt implements Dependent {
  readonly #scope = new JoinScope();
  readonly #events: AttemptEvents;
  readonly #timer: NodeJS.Timeout | null;
  readonly #values = new Map<PromiseLike<unknown>, unknown>();
  #returned: unknown;
  #missing = 1; // One for the walk through what was returned; negative: it is over.

  /** @param limitMs - 0: none. */
  constructor(limitMs: number, events: AttemptEvents) {
    this.#events = events;
    const none = limitMs === 0 || limitMs > TIMER_MS_MAX;
    this.#timer = none ? null : setTimeout(() => this.#end(() => events.late()), limitMs);
  }

  /** @param kind - "shared": what it begins is not its own. */
  async run(fn: () => unknown, kind: "shared" | "sync" | "async"): Promise<void> {
    const scope = kind === "shared" ? null : this.#scope;
    try {
      const returned = scope === null ? fn() : kind === "async" ? scope.runAsync(fn) : scope.run(fn);
      const own = returned instanceof Promise && !(returned instanceof AppFuture);
      this.#returned = own ? await returned : returned;
    } catch (cause) {
      return this.#end(() => this.#events.threw(cause));
    }
    if (this.#missing < 0) return;
    if (scope === null) this.#walk(this.#returned);
    else scope.run(() => this.#walk(this.#returned)); // It may hold maps, which begin when somebody awaits them.
    this.#arrived();
  }

  /** @param returned - What it returned is not wanted either, whoever began it. */
  cancel(returned: boolean): void {
    this.#end(() => {});
    this.#scope.cancel();
    if (returned) for (const input of this.#values.keys()) if (input instanceof AppFuture) input.cancel();
  }

  inputSettled(input: AppFuture<unknown>): void {
    if (input.state === "done" || input.state === "memo-done") this.#arrived(input, input.outcome);
    else this.#end(() => this.#events.inputFailed(input, input.outcome));
  }

  #walk(value: unknown): void {
    each(value, (one) => {
      if (this.#values.has(one)) return;
      this.#values.set(one, undefined);
      if (this.#missing >= 0) this.#missing++; // Else one has failed already; the others are looked at all the same.
      if (one instanceof AppFuture) one.subscribe(this);
      else
        one.then(
          (result) => this.#arrived(one, result),
          (error) => this.#end(() => this.#events.inputFailed(one, error)),
        );
    });
  }

  #arrived(input?: PromiseLike<unknown>, value?: unknown): void {
    if (this.#missing < 0) return;
    if (input !== undefined) this.#values.set(input, value);
    if (--this.#missing > 0) return;
    this.#scope.forget();
    this.#end(() => this.#events.done(replaced(this.#returned, this.#values)));
  }

  #end(tell: () => void): void {
    if (this.#missing < 0) return;
    this.#missing = -1;
    this.#scope.leave();
    if (this.#timer !== null) clearTimeout(this.#timer);
    tell();
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** Calls `found` with every future and promise in a value, at any depth of arrays, plain objects, Maps and Sets. */
function each(value: unknown, found: (one: PromiseLike<unknown>) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (isThenable(value)) found(value);
  else if (Array.isArray(value) || value instanceof Set) for (const one of value) each(one, found);
  else if (value instanceof Map) for (const pair of value) each(pair, found);
  else if (isPlain(value)) for (const one of Object.values(value)) each(one, found);
}

/** The same value with results in the places of futures. */
function replaced(value: unknown, results: ReadonlyMap<PromiseLike<unknown>, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const again = (one: unknown): unknown => replaced(one, results);
  if (isThenable(value)) return results.get(value);
  if (Array.isArray(value)) return value.map(again);
  if (value instanceof Set) return new Set([...value].map(again));
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [again(key), again(one)]));
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, again(one)]));
  return value;
}
