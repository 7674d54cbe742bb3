/** C functions of shared libraries as apps. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import type { ElementType, MergeOp } from "../native/binding.ts";
import { elementBytes } from "../serialize/columns.ts";
import type { NativeLayout } from "../serialize/native-arguments.ts";
import { type AppDefinition, checkName, type NativeFunction, register } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { callable } from "./app.ts";
import { isolationOf, noWalltime, placementOf, walltimeMs } from "./definition.ts";
import { checkNames } from "./known.ts";
import type { MapHandle, MapOptions } from "./map.ts";
import { type PolicyOptions, policyOf } from "./policy.ts";
import type { App, CallOptions, Columns, ElementColumn, ElementValue, Inputs, PlacementOptions } from "./types.ts";

/** What a C function is, and how it is called. */
export interface NativeFunctionOptions<L extends NativeLayout, R extends ElementType | "bytes">
  extends PlacementOptions,
    PolicyOptions {
  /** The shared library: a `file:` URL, or a path relative to the working directory. Every rank must see the same file. */
  library: URL | string;
  /** Name of the C function. Default: the app's name. */
  function?: string;
  /**
   * How arguments reach the function. An array of element types: one argument for each, packed in this order without
   * padding, little-endian (of `["i64"]` a range gives its integers, which then take no memory and are not sent).
   * "bytes": the one argument is a Uint8Array, and its bytes arrive as they are. "msgpack": any arguments, as the msgpack
   * array of all of them.
   */
  arguments: L;
  /** What it returns: a number of this type in `result->value`, or the bytes that it gives. */
  returns: R;
  /**
   * For a function that spawns tasks of its own app (`heddle_spawn`): how the results of all of them become the result of the
   * task. "sum", "min" or "max" of numbers, or a C function of the library (`heddle_merge` in heddle.h). Default: it
   * spawns none.
   */
  merge?: MergeOp | { function: string };
}

/** Whether its tasks have a process of their own. */
export type NativeIsolation =
  | { isolation?: "none"; walltime?: undefined }
  | {
      /** A JS worker has tasks run in a process beside it, so that a crash fails one task. Default: "none". */
      isolation: "process";
      /** Limit per task, seconds. Default: none. */
      walltime?: number;
    };

/** Options of {@link nativeApp}. */
export type NativeOptions<
  L extends NativeLayout = NativeLayout,
  R extends ElementType | "bytes" = "bytes",
> = NativeFunctionOptions<L, R> & NativeIsolation;

/** The TypeScript types of arguments that lie as `L` says. Integers of 64 bits may be given as numbers where those are exact. */
export type NativeArguments<L extends NativeLayout> = L extends "bytes"
  ? [bytes: Uint8Array]
  : L extends readonly ElementType[]
    ? { -readonly [K in keyof L]: L[K] extends "i64" | "u64" ? number | bigint : number }
    : unknown[];

/** The result of one task. */
export type NativeValue<R extends ElementType | "bytes"> = R extends ElementType ? ElementValue<R> : Uint8Array;

/** What collecting a map gives. */
export type NativeColumn<R extends ElementType | "bytes"> = R extends ElementType ? ElementColumn<R> : Uint8Array[];

/** A native app whose arguments are msgpack: call it for one task, map columns of its arguments for many. */
export interface NativeApp<A extends readonly unknown[], R, C = R[]> {
  (...args: Inputs<A>): AppFuture<R>;
  readonly appName: string;
  with(options: CallOptions): NativeApp<A, R, C>;
  map(...columns: [...Columns<A>, options?: MapOptions]): MapHandle<R, C>;
}

/**
 * Makes an app of a C function: native slots call it, without JavaScript in the path, wherever one is free. Its interface
 * is `heddle.h`, in the package's folder `native/include`; docs/NATIVE-APPS.md describes both sides.
 *
 * Every rank opens the library when it starts, and all must hold the same file content. Several threads of a rank call
 * the function at once. A call cannot be ended: there is no `walltime`, and a crash ends the rank, unless the app is
 * isolated (`isolation: "process"`).
 *
 * @param name - Unique in the program, 1 to 200 characters.
 * @param options - {@link NativeOptions}
 * @returns An app whose tasks fail with TaskError `ERR_NATIVE_APP` for a return value other than 0; its `data` has `number` and
 *   `text`.
 * @throws {@link HeddleError} `ERR_CONFIG`, and those of {@link app}. run() and start() throw `ERR_NATIVE_LIBRARY` or
 *   `ERR_NATIVE_SYMBOL` where the library does not open or has no such function.
 * @example
 * // gcc -O3 -shared -fPIC -I node_modules/heddle/native/include -o primes.so primes.c
 * const library = new URL("primes.so", import.meta.url);
 * const primes = nativeApp("count_primes", { library, arguments: ["i64"], returns: "u64" });
 * await run(async () => console.log(await primes.map(range(1_000)).reduce("sum")));
 */
export function nativeApp<const L extends readonly ElementType[] | "bytes", R extends ElementType | "bytes">(
  name: string,
  options: NativeOptions<L, R>,
): App<NativeArguments<L>, NativeValue<R>, NativeColumn<R>>;
export function nativeApp<A extends unknown[], R extends ElementType | "bytes">(
  name: string,
  options: NativeOptions<"msgpack", R>,
): NativeApp<A, NativeValue<R>, NativeColumn<R>>;
export function nativeApp(name: string, options: NativeOptions<NativeLayout, ElementType | "bytes">): unknown {
  checkName(name);
  checkNames(`nativeApp("${name}")`, "native", options);
  const { returns } = options;
  const isolated = isolationOf(name, options.isolation);
  if (!isolated && options.walltime !== undefined) throw noWalltime(name);
  if (returns !== "bytes" && !isElement(returns)) throw wrong(name, "returns", returns, `${elements()} or "bytes"`);
  const symbol = options.function ?? name;
  if (typeof symbol !== "string" || symbol === "") throw wrong(name, "function", symbol, "the name of a C function");
  const layout = layoutOf(name, options.arguments);
  const merge = mergeOf(name, options);
  const source = JSON.stringify([symbol, layout, returns, merge]);
  const policy = policyOf(name, options);
  const definition: AppDefinition = {
    name,
    kind: isolated ? "js" : "native", // A JS worker hands an isolated task to its process.
    fn: null,
    returns: returns === "bytes" ? null : returns,
    walltimeMs: walltimeMs(name, options.walltime),
    placement: placementOf(name, options),
    command: null,
    placeholders: null,
    native: { library: libraryPath(name, options.library), function: symbol, layout, merge },
    isolated,
    source,
    ...(policy === undefined ? {} : { policy }),
  };
  register(definition);
  return callable(definition);
}

function mergeOf(
  name: string,
  { merge, returns }: NativeOptions<NativeLayout, ElementType | "bytes">,
): NativeFunction["merge"] {
  if (merge === undefined) return null;
  if (typeof merge === "object" && merge !== null && typeof merge.function === "string" && merge.function !== "") {
    return { function: merge.function };
  }
  const words = returns === "bytes" ? [] : ["sum", "min", "max"];
  if (words.includes(merge as string)) return merge;
  const allowed = [...words.map((word) => `"${word}"`), `{ function: "NAME" }`].join(", ");
  throw wrong(name, "merge", merge, allowed);
}

function layoutOf(name: string, layout: NativeLayout): NativeLayout {
  if (layout === "bytes" || layout === "msgpack") return layout;
  if (Array.isArray(layout) && layout.length > 0 && layout.every(isElement)) return [...layout];
  throw wrong(name, "arguments", layout, `an array of ${elements()}, "bytes" or "msgpack"`);
}

function libraryPath(name: string, library: URL | string): string {
  const isUrl = library instanceof URL || (typeof library === "string" && library.startsWith("file:"));
  if (!isUrl && (typeof library !== "string" || library === "")) {
    throw wrong(name, "library", library, "a file: URL or a path");
  }
  if (!isUrl) return resolve(library as string);
  try {
    return fileURLToPath(library);
  } catch {
    throw wrong(name, "library", String(library), "a file: URL or a path");
  }
}

function isElement(value: unknown): value is ElementType {
  return typeof value === "string" && Object.hasOwn(elementBytes, value);
}

function elements(): string {
  return Object.keys(elementBytes).join(", ");
}

function wrong(name: string, option: string, value: unknown, allowed: string): HeddleError {
  return new HeddleError("ERR_CONFIG", `nativeApp("${name}"): ${option} is ${shorten(value)}.`, `use ${allowed}`);
}
