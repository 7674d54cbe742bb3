/** Apps: named functions that can run as tasks. */

import { kernelFor } from "../dataflow/current.ts";
import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import type { ElementType } from "../native/binding.ts";
import { elementBytes } from "../serialize/columns.ts";
import type { CommandSettings } from "../serialize/command-settings.ts";
import { type AppDefinition, checkName, register } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { setNestedLoader } from "../worker/nested.ts";
import { type CommandOptions, changedSettings } from "./command-options.ts";
import { DEFINITION, isolationOf, noWalltime, placementOf, walltimeMs } from "./definition.ts";
import { checkNames } from "./known.ts";
import type { mapOf } from "./map.ts";
import { derived, policiesOf } from "./policy.ts";
import {
  checkedBy,
  type SchemaArguments,
  type SchemaInput,
  type SchemaOutput,
  type SchemaParameters,
  type Schemas,
  type StandardSchema,
} from "./standard-schema.ts";
import type {
  App,
  AppOptions,
  ArgumentsOf,
  CallOptions,
  ElementColumn,
  ElementValue,
  ResultOf,
  Returning,
  SchemaOptions,
} from "./types.ts";

/**
 * Makes an app of a function: its calls run as tasks on worker threads, here or on other ranks.
 *
 * The function must not depend on variables that change after the program was loaded: every worker loads the program
 * itself and finds the function by `name`. Arguments and results are copied.
 *
 * @param name - Unique in the program, 1 to 200 characters.
 * @param fn - Sync or async.
 * @param options - {@link AppOptions}, and {@link SchemaOptions}: with a schema, arguments and results are checked while the program runs (`ERR_SCHEMA`), and
 * types come from it where the function has none.
 * @throws {@link HeddleError} `ERR_APP_DUPLICATE`, `ERR_APP_LATE`, `ERR_APP_NAME`, `ERR_CONFIG`.
 * @example
 * const square = app("square", (x: number) => x * x, { returns: "f64" });
 * await run(async () => {
 *   console.log(await square(3)); // 9
 *   console.log(await square.map(range(4)).reduce("sum")); // 14
 * });
 */
export function app<const I extends Schemas, E extends ElementType>(
  name: string,
  fn: (...args: SchemaParameters<I>) => ElementValue<E> | PromiseLike<ElementValue<E>>,
  options: AppOptions<E> & { returns: E; input: I; output?: never },
): App<SchemaArguments<I>, ElementValue<E>, ElementColumn<E>>;
export function app<const I extends Schemas, O extends StandardSchema>(
  name: string,
  fn: (...args: SchemaParameters<I>) => SchemaInput<O> | PromiseLike<SchemaInput<O>>,
  options: AppOptions & { input: I; output: O },
): App<SchemaArguments<I>, SchemaOutput<O>>;
export function app<const I extends Schemas, R>(
  name: string,
  fn: (...args: SchemaParameters<I>) => R,
  options: AppOptions & { input: I; output?: never },
): App<SchemaArguments<I>, Awaited<R>>;
export function app<F extends CallableFunction, O extends StandardSchema>(
  name: string,
  fn: F & Returning<F, SchemaInput<O>>,
  options: AppOptions & { output: O; input?: never },
): App<ArgumentsOf<F>, SchemaOutput<O>>;
export function app<F extends CallableFunction, E extends ElementType>(
  name: string,
  fn: F & Returning<F, ElementValue<E>>,
  options: AppOptions<E> & { returns: E },
): App<ArgumentsOf<F>, ElementValue<E>, ElementColumn<E>>;
export function app<F extends CallableFunction>(
  name: string,
  fn: F,
  options?: AppOptions,
): App<ArgumentsOf<F>, ResultOf<F>, ResultOf<F>[]>;
export function app(
  name: string,
  fn: (...args: never[]) => unknown,
  options: AppOptions<ElementType | undefined> & SchemaOptions = {},
): unknown {
  checkName(name);
  if (typeof fn !== "function") {
    throw new HeddleError("ERR_CONFIG", `app("${name}"): the second argument is ${shorten(fn)}.`, "pass the function");
  }
  checkNames(`App "${name}"`, "app", options);
  const { returns } = options;
  if (returns !== undefined && !(returns in elementBytes)) {
    const known = Object.keys(elementBytes).join(", ");
    throw new HeddleError("ERR_CONFIG", `app("${name}"): returns is ${shorten(returns)}.`, `use one of ${known}`);
  }
  const source = fn.toString();
  const definition: AppDefinition = {
    name,
    kind: "js",
    ...checkedBy(name, fn, options),
    returns: returns ?? null,
    walltimeMs: walltimeMs(name, options.walltime),
    placement: placementOf(name, options),
    command: null,
    placeholders: null,
    native: null,
    isolated: isolationOf(name, options.isolation),
    source,
    ...policiesOf(name, options),
  };
  register(definition);
  return callable(definition);
}

/** Makes the function that users call. */
export function callable(definition: AppDefinition): unknown {
  const call = (...args: unknown[]): AppFuture<unknown> => kernelFor(definition.name).call(definition, args);
  const map = (...given: unknown[]): unknown => {
    kernelFor(definition.name); // Throws where there are no maps: before the start, and inside tasks.
    return (makeMap as typeof mapOf)(definition, given);
  };
  const known = new Map<string, unknown>();
  const withOptions = (given: CallOptions & CommandOptions = {}): unknown => {
    const { name, kind } = definition;
    checkNames(`${name}.with()`, "with", given);
    if (kind === "native" && given.walltime !== undefined) throw noWalltime(name);
    const limit = given.walltime === undefined ? definition.walltimeMs : walltimeMs(name, given.walltime);
    const placement = placementOf(name, given, definition.placement);
    const settings = commandSettings(definition, given);
    const other = derived(
      definition,
      { placement, walltimeMs: limit, ...(settings === undefined ? {} : { settings }) },
      given,
    );
    const key = keyOfOptions(given); // Now that they are known to be good.
    const same = key === null ? undefined : known.get(key);
    if (same !== undefined) return same;
    const made = callable(other);
    if (known.size >= WITH_MAX) known.clear();
    if (key !== null) known.set(key, made);
    return made;
  };
  return Object.defineProperties(call, {
    with: { value: withOptions, enumerable: true },
    name: { value: definition.name },
    appName: { value: definition.name, enumerable: true },
    map: { value: map, enumerable: true },
    [DEFINITION]: { value: definition },
  });
}

const COMMAND_OPTIONS = ["cwd", "env", "stdout", "stderr"] as const;

function commandSettings(app: AppDefinition, given: CommandOptions): CommandSettings | undefined {
  if (app.kind === "process") return changedSettings(app.name, given, app.settings);
  const odd = COMMAND_OPTIONS.find((key) => given[key] !== undefined);
  if (odd === undefined) return undefined;
  const hint = "make it a command with bashApp(), or hand the function what it needs as an argument";
  throw new HeddleError("ERR_CONFIG", `App "${app.name}" is a function, which has no ${odd} of its own.`, hint);
}

const WITH_MAX = 256; // Kept for whoever calls with() for each call: those of equal options then share batches.

/** Null: functions, or files, are among them. */
function keyOfOptions({ retries, cache, inputs, outputs, ...rest }: CallOptions): string | null {
  if (inputs !== undefined || outputs !== undefined) return null;
  if (typeof retries === "function" || (typeof cache === "object" && cache?.key !== undefined)) return null;
  return JSON.stringify({ retries, cache, ...rest });
}

setNestedLoader(async () => {
  await loadMaps();
  return (await import("../dataflow/nested.ts")).openNested;
});

let makeMap: typeof mapOf | null = null;

/** Loads what makes maps. Only the rank whose body runs needs it, and memory counts on all others. */
export async function loadMaps(): Promise<void> {
  makeMap ??= (await import("./map.ts")).mapOf;
}
