/** How files are brought to tasks, as users write it. */

import { isAbsolute, resolve } from "node:path";
import { HeddleError } from "../errors.ts";
import { shorten } from "../serialize/values.ts";
import { defaultStaging, type StagingSettings } from "../staging/settings.ts";
import { bytesOf } from "./resources.ts";

/** Options of `staging`. */
export interface StagingOptions {
  /** Folder of copies, on each node's own disk where there are several. Default: heddle/files in XDG_CACHE_HOME, or in ~/.cache. HEDDLE_STAGING_CACHE. */
  cache?: string;
  /**
   * Bytes of copies that are kept, or text such as "50 GiB": beyond it those go that were used longest ago, but none that a program used which runs
   * now. Default: 50 GiB. HEDDLE_STAGING_CACHE_SIZE.
   */
  cacheSize?: number | string;
  /** Attempts after the first that breaks off, 0 to 100; what has arrived is kept between them. Default: 4. */
  retries?: number;
  /** Seconds without a byte after which an attempt is given up, 0.1 to 86400. Default: 60. */
  stall?: number;
  /** True: all nodes see the folder of copies, and one copy serves all. Default: false, each node gets its own. */
  shared?: boolean;
}

const KEYS = ["cache", "cacheSize", "retries", "stall", "shared"];

/** Fills in environment and defaults. Throws ERR_CONFIG. */
export function stagingOf(given: StagingOptions = {}): StagingSettings {
  const base = defaultStaging();
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrong("staging", given, "an object");
  const odd = Object.keys(given).find((key) => !KEYS.includes(key));
  if (odd !== undefined) throw wrong(`staging.${odd}`, (given as Record<string, unknown>)[odd], KEYS.join(", "));
  const { retries = base.retries, stall = base.stallMs / 1_000, shared = base.shared } = given;
  if (!Number.isInteger(retries) || retries < 0 || retries > 100)
    throw wrong("staging.retries", retries, "an integer from 0 to 100");
  if (typeof stall !== "number" || !(stall >= 0.1 && stall <= 86_400))
    throw wrong("staging.stall", stall, "seconds, 0.1 to 86400");
  if (typeof shared !== "boolean") throw wrong("staging.shared", shared, "true or false");
  return {
    ...base,
    cache: cacheOf(given.cache) ?? base.cache,
    cacheBytes: sizeOf(given, base),
    retries,
    stallMs: stall * 1_000,
    shared,
  };
}

function cacheOf(given: unknown): string | null {
  const text = process.env["HEDDLE_STAGING_CACHE"] || given;
  if (text === undefined) return null;
  if (typeof text !== "string" || text === "") throw wrong("staging.cache", text, "a path");
  return isAbsolute(text) ? text : resolve(text);
}

function sizeOf({ cacheSize }: StagingOptions, { cacheBytes }: StagingSettings): number {
  const text = process.env["HEDDLE_STAGING_CACHE_SIZE"];
  if (text) return bytesOf("HEDDLE_STAGING_CACHE_SIZE", text);
  return cacheSize === undefined ? cacheBytes : bytesOf("staging.cacheSize", cacheSize);
}

function wrong(where: string, value: unknown, allowed: string): HeddleError {
  return new HeddleError("ERR_CONFIG", `${where} is ${shorten(value)}.`, `give ${allowed}`);
}
