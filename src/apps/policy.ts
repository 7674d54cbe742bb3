/** What is to be done beside running a task: trying again, and remembering. As users write it, read and checked. */

import type { MapCache } from "../dataflow/map-memo.ts";
import { type HeddleError as AnyError, HeddleError } from "../errors.ts";
import type { AppDefinition, CachePolicy, CallPolicy, RetryPolicy } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { type FileTaskOptions, filePolicyOf } from "./files.ts";

/**
 * How often a task that failed is tried again. A number: so many times, 0 to 1000. A function is told the error, and how often the task was
 * tried; it returns what that failure costs, a number of at least 0, or "stop". A task is tried again as long as its failures together cost
 * at most 1: `(error) => error.code === "ERR_WORKER_LOST" ? 0.1 : "stop"` tries up to ten times more after a lost worker.
 */
export type Retries = number | ((error: AnyError, tries: number) => number | "stop");

/** What makes two calls of an app equal: options of `cache`. */
export interface CacheOptions {
  /** Arguments that do not matter: positions (from 0), or names of properties of any argument that is a plain object. Default: none. */
  ignore?: readonly (number | string)[];
  /** Another version is another app: give another one when results change though the source does not. Default: made of the app's source, in a form that comments, layout and
   * names of variables do not change. What the app calls is not in it. */
  version?: string;
  /** Makes the key of a call from its arguments, instead of all of them. */
  key?: (...args: never[]) => string;
  /**
   * What counts of files (`file()`) among the arguments and the option `inputs`. "content": the SHA-256 of what is in them, wherever they lie. "stat": path, size and time of
   * the last change, so that large files need not be read; of a file that was fetched its content all the same. A path that is a text is a text. Default: "content".
   */
  files?: "content" | "stat";
}

/** Options of a call, which {@link App.with} changes. */
export interface PolicyOptions {
  /** Default: `retries` of {@link RunOptions}, which is 0 unless it is given. */
  retries?: Retries;
  /**
   * True, or how: a call with arguments equal to those of an earlier one gets its result, and one under way is joined. Within one run, and,
   * with `checkpoint` of {@link RunOptions}, across runs. Calls of the program only, not those that tasks make. Default: false.
   */
  cache?: boolean | CacheOptions;
}

/** What calls do beside running, and their files. Throws ERR_CONFIG. */
export function policiesOf(
  name: string,
  given: PolicyOptions & FileTaskOptions,
  base?: AppDefinition,
): Pick<AppDefinition, "policy" | "files"> {
  const policy = policyOf(name, given, base?.policy);
  const files = filePolicyOf(name, given, base?.files);
  return { ...(policy === undefined ? {} : { policy }), ...(files === undefined ? {} : { files }) };
}

/** Throws ERR_CONFIG. Undefined: there is nothing to do. */
export function policyOf(name: string, given: PolicyOptions, base?: CallPolicy): CallPolicy | undefined {
  const retries = given.retries === undefined ? base?.retries : retriesOf(`App "${name}"`, given.retries);
  const cache = given.cache === undefined ? (base?.cache ?? null) : cacheOf(name, given.cache);
  return retries === undefined && cache === null ? undefined : { retries, cache };
}

const RETRIES_MAX = 1_000;

/** Throws ERR_CONFIG. Null: never. */
export function retriesOf(where: string, given: unknown): RetryPolicy | null {
  if (typeof given === "function") return { limit: 1, cost: given as RetryPolicy["cost"] };
  if (!Number.isInteger(given) || (given as number) < 0 || (given as number) > RETRIES_MAX) {
    const hint = `give an integer from 0 to ${RETRIES_MAX}, or a function of the error`;
    throw new HeddleError("ERR_CONFIG", `${where}: retries is ${shorten(given)}.`, hint);
  }
  return given === 0 ? null : { limit: given as number, cost: null };
}

function cacheOf(name: string, given: unknown): CachePolicy | null {
  if (given === false) return null;
  const options = given === true ? {} : given;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const hint = "give true, false, or { ignore, version, key, files }";
    throw new HeddleError("ERR_CONFIG", `App "${name}": cache is ${shorten(given)}.`, hint);
  }
  const odd = Object.keys(options).find((key) => !["ignore", "version", "key", "files"].includes(key));
  if (odd !== undefined)
    throw wrong(name, odd, (options as Record<string, unknown>)[odd], "ignore, version, key or files");
  const { ignore = [], version = null, key = null, files = "content" } = options as CacheOptions;
  const fits = (one: unknown): boolean =>
    typeof one === "string" || (Number.isInteger(one) && (one as number) >= 0 && (one as number) < 1_000);
  if (!Array.isArray(ignore) || !ignore.every(fits)) throw wrong(name, "ignore", ignore, "positions and names");
  if (version !== null && typeof version !== "string") throw wrong(name, "version", version, "a text");
  if (key !== null && typeof key !== "function") throw wrong(name, "key", key, "a function of the arguments");
  if (files !== "content" && files !== "stat") throw wrong(name, "files", files, '"content" or "stat"');
  return { ignore: [...ignore], version, key: key as CachePolicy["key"], files };
}

/** `cache` of a map. Throws ERR_CONFIG. Null: nothing is kept. */
export function mapCacheOf(name: string, given: unknown): MapCache | null {
  if (given === undefined || given === false) return null;
  const options = given === true ? {} : given;
  if (typeof options !== "object" || options === null || Object.keys(options).some((key) => key !== "version")) {
    const message = `${name}.map(): cache is ${shorten(given)}.`;
    throw new HeddleError(
      "ERR_CONFIG",
      message,
      "give true, false, or { version }: all arguments of a map's tasks count",
    );
  }
  const { version = null } = options as { version?: unknown };
  if (version !== null && typeof version !== "string") throw wrong(name, "version", version, "a text");
  return { version };
}

function wrong(name: string, option: string, value: unknown, allowed: string): HeddleError {
  return new HeddleError("ERR_CONFIG", `App "${name}": cache.${option} is ${shorten(value)}.`, `give ${allowed}`);
}

/** The same app, with other options for the calls that are made through it. */
export function derived(
  app: AppDefinition,
  changes: Pick<AppDefinition, "placement" | "walltimeMs" | "settings">,
  given: PolicyOptions & FileTaskOptions,
): AppDefinition {
  const { policy: _, files: __, ...rest } = app;
  return { ...rest, ...changes, base: app.base ?? app, ...policiesOf(app.name, given, app) };
}
