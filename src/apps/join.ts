/** Apps that decide what runs next. */

import { kernelFor } from "../dataflow/current.ts";
import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import { type AppDefinition, checkName, functionApp, register } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { walltimeMs } from "./definition.ts";
import { checkNames } from "./known.ts";
import { type CacheOptions, derived, policiesOf, type Retries } from "./policy.ts";
import type { ArgumentsOf, Inputs, ReturnOf } from "./types.ts";

/** A value with results in the places of futures and promises, as deep as arrays, plain objects, Maps and Sets go. */
export type Joined<R> =
  R extends PromiseLike<infer T>
    ? Joined<T>
    : R extends Map<infer K, infer V>
      ? Map<Joined<K>, Joined<V>>
      : R extends Set<infer V>
        ? Set<Joined<V>>
        : R extends readonly unknown[]
          ? { -readonly [K in keyof R]: Joined<R[K]> }
          : R extends Date | RegExp | Error | ArrayBufferView | ArrayBuffer | ((...args: never[]) => unknown)
            ? R
            : R extends object
              ? { [K in keyof R]: Joined<R[K]> }
              : R;

/** Options of an app that returns futures. */
export interface JoinOptions {
  /** As for {@link app}. Default: false. */
  cache?: boolean | CacheOptions;
  /**
   * As for {@link app}: after a failure, of the function or of a future that it returned, what it began is cancelled, and the function runs anew.
   */
  retries?: Retries;
  /** Seconds from when the function begins until all that it returned is there; then what it began is cancelled. Default: no limit. */
  walltime?: number;
}

/** An app that returns futures. */
export interface JoinApp<A extends readonly unknown[], R> {
  /** Runs its function when all inputs are there; the future ends with those that the function returned. */
  (...args: Inputs<A>): AppFuture<R>;
  readonly appName: string;
  /** The same app with other options. */
  with(options: JoinOptions): JoinApp<A, R>;
}

/**
 * Makes an app of a function that calls apps and returns their futures, or a value with futures inside: a call of it is one future, that ends
 * with all of those. So a part of a program whose shape depends on results is called like any other app.
 *
 * The function runs where it is called, beside the program, not on a worker: keep work out of it. Its arguments arrive as results, copied as
 * those of any app.
 *
 * @param name - Unique in the program, 1 to 200 characters.
 * @param fn - Sync or async. What it returns may hold futures, at any depth.
 * @param options - {@link JoinOptions}.
 * @returns An app. Its calls fail with DependencyError where a returned future fails, and with TaskError where the function throws. Cancelling
 *   a call cancels all calls and maps that the function began (one that is not async: before it returned), and those that they began.
 * @throws {@link HeddleError} `ERR_APP_DUPLICATE`, `ERR_APP_LATE`, `ERR_APP_NAME`, `ERR_CONFIG`.
 * @example
 * const fib = joinApp("fib", (n: number): AppFuture<number> | number => (n < 2 ? n : add(fib(n - 1), fib(n - 2))));
 */
export function joinApp<F extends CallableFunction>(
  name: string,
  fn: F,
  options: JoinOptions = {},
): JoinApp<ArgumentsOf<F>, Joined<ReturnOf<F>>> {
  checkName(name);
  if (typeof fn !== "function") {
    throw new HeddleError(
      "ERR_CONFIG",
      `joinApp("${name}"): the second argument is ${shorten(fn)}.`,
      "pass the function",
    );
  }
  checkNames(`joinApp("${name}")`, "join", options);
  const definition: AppDefinition = {
    ...functionApp(name, fn as unknown as (...args: never[]) => unknown, fn.toString()),
    joins: true,
    walltimeMs: walltimeMs(name, options.walltime),
    ...policiesOf(name, options),
  };
  register(definition);
  return joinable(definition) as JoinApp<ArgumentsOf<F>, Joined<ReturnOf<F>>>;
}

function joinable(definition: AppDefinition): unknown {
  const { name, placement } = definition;
  const call = (...args: unknown[]): AppFuture<unknown> => kernelFor(name).call(definition, args);
  const withOptions = (given: JoinOptions = {}): unknown => {
    checkNames(`${name}.with()`, "join", given);
    const limit = given.walltime === undefined ? definition.walltimeMs : walltimeMs(name, given.walltime);
    return joinable(derived(definition, { placement, walltimeMs: limit }, given));
  };
  return Object.defineProperties(call, {
    name: { value: name },
    appName: { value: name, enumerable: true },
    with: { value: withOptions, enumerable: true },
  });
}
