/** Calls of a joinApp: its function runs here, and the call ends with the futures that it returned. */

import { HeddleError, headline, TaskError } from "../errors.ts";
import { AppFuture, type Dependent, type Home } from "../futures/future.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { shortenArguments } from "../serialize/values.ts";

/** Runs the function of one call, and waits for what it returns. */
export class JoiningCall implements Dependent, Home {
  readonly #app: AppDefinition;
  readonly #args: readonly unknown[];
  readonly #future: AppFuture<unknown>;
  readonly #ended: () => void;
  readonly #values = new Map<PromiseLike<unknown>, unknown>();
  #returned: unknown;
  #missing = 1; // One for the walk through what was returned.

  /** @param ended - Told once, when the future is over. */
  constructor(app: AppDefinition, args: readonly unknown[], future: AppFuture<unknown>, ended: () => void) {
    this.#app = app;
    this.#args = args;
    this.#future = future;
    this.#ended = ended;
  }

  async run(): Promise<void> {
    if (this.#future.done()) return this.#ended();
    this.#future.moved("joining", this);
    try {
      const returned = (this.#app.fn as (...args: readonly unknown[]) => unknown)(...this.#args);
      const own = returned instanceof Promise && !(returned instanceof AppFuture);
      this.#returned = own ? await returned : returned;
    } catch (cause) {
      if (this.#over()) return;
      this.#future.reject(this.#error(cause));
      return this.#end();
    }
    if (this.#over()) return;
    this.#walk(this.#returned);
    this.#arrived();
  }

  inputSettled(input: AppFuture<unknown>): void {
    if (this.#over()) return;
    if (input.state === "done" || input.state === "memo-done") this.#arrived(input, input.outcome);
    else this.#failed(input, input.outcome);
  }

  /** What it returned is not wanted either. */
  cancelled(): void {
    const inputs = [...this.#values.keys()];
    this.#end();
    for (const input of inputs) if (input instanceof AppFuture) input.cancel();
  }

  #walk(value: unknown): void {
    each(value, (one) => {
      if (this.#values.has(one)) return;
      this.#values.set(one, undefined);
      this.#missing++;
      if (one instanceof AppFuture) one.subscribe(this);
      else
        one.then(
          (result) => this.#arrived(one, result),
          (error) => this.#failed(one, error),
        );
    });
  }

  #arrived(input?: PromiseLike<unknown>, value?: unknown): void {
    if (this.#over()) return;
    if (input !== undefined) this.#values.set(input, value);
    if (--this.#missing > 0) return;
    this.#future.resolve(replaced(this.#returned, this.#values), -1);
    this.#end();
  }

  #failed(input: PromiseLike<unknown>, error: unknown): void {
    if (this.#over()) return;
    this.#future.inputFailed(input, error);
    this.#end();
  }

  #error(cause: unknown): HeddleError {
    const { name } = this.#app;
    const text = shortenArguments(this.#args);
    const place = { app: name, index: this.#future.index, rank: null, arguments: text };
    // Of files: what they say themselves is all there is to say.
    if (name.startsWith("heddle:") && cause instanceof HeddleError) {
      return new TaskError(cause.code, headline(cause), cause.hint, place, { cause: cause.cause });
    }
    return new TaskError("ERR_TASK_FAILED", `${name}(${text}): ${headline(cause)}`, null, place, { cause });
  }

  #over(): boolean {
    return this.#missing < 0;
  }

  #end(): void {
    if (this.#over()) return;
    this.#missing = -1;
    this.#ended();
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** Calls `found` with every future and promise in a value, at any depth of arrays, plain objects, Maps and Sets. */
function each(value: unknown, found: (one: PromiseLike<unknown>) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Promise) found(value);
  else if (Array.isArray(value) || value instanceof Set) for (const one of value) each(one, found);
  else if (value instanceof Map) for (const pair of value) each(pair, found);
  else if (isPlain(value)) for (const one of Object.values(value)) each(one, found);
}

/** The same value with results in the places of futures. */
function replaced(value: unknown, results: ReadonlyMap<PromiseLike<unknown>, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const again = (one: unknown): unknown => replaced(one, results);
  if (value instanceof Promise) return results.get(value);
  if (Array.isArray(value)) return value.map(again);
  if (value instanceof Set) return new Set([...value].map(again));
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [again(key), again(one)]));
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, again(one)]));
  return value;
}
