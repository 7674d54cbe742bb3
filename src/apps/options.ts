/** Options of run() and start(), resolved once: past this file none is optional. */

import { HeddleError } from "../errors.ts";
import type { ExecutorKind } from "../executors/executor.ts";
import { numberFrom } from "../native/environment.ts";
import { shorten } from "../serialize/values.ts";

/** Options of {@link run}. Environment variables of the same name (HEDDLE_WORKERS, ...) win. */
export interface RunOptions {
  /**
   * Where tasks run: "inline" (main thread, for a debugger), "threads", "mpi", or "auto": mpi under a launcher, else
   * threads. Default: "auto". HEDDLE_EXECUTOR.
   */
  executor?: ExecutorKind | "auto";
  /** JS workers of each rank. Integer, 1 or more. Default: its share of the node's cores. HEDDLE_WORKERS. */
  workers?: number;
  /** Commands at a time of each rank. Integer, 1 or more. Default: as `workers`. HEDDLE_PROCESS_SLOTS. */
  processSlots?: number;
  /**
   * Calls of native apps at a time of each rank. Integer, 1 or more. Default: the rank's share of the node's cores, where
   * the program has native apps. HEDDLE_NATIVE_SLOTS.
   */
  nativeSlots?: number;
}

/** Options of {@link start}. */
export interface StartOptions extends RunOptions {
  /** Modules that define the apps: URLs, or paths relative to the working directory. Each worker loads them. */
  apps: readonly (string | URL)[];
}

export interface ResolvedOptions {
  executor: ExecutorKind | "auto";
  workers: number | null;
  processSlots: number | null;
  nativeSlots: number | null;
}

const EXECUTORS = ["inline", "threads", "mpi", "auto"];

/** Fills in environment and defaults. Throws ERR_CONFIG. */
export function resolveOptions(given: RunOptions): ResolvedOptions {
  const fromEnvironment = process.env["HEDDLE_EXECUTOR"];
  const executor = fromEnvironment || given.executor || "auto";
  if (!EXECUTORS.includes(executor)) {
    const where = fromEnvironment ? "HEDDLE_EXECUTOR" : "executor";
    throw new HeddleError("ERR_CONFIG", `${where} is ${shorten(executor)}.`, `use one of ${EXECUTORS.join(", ")}`);
  }
  return {
    executor: executor as ExecutorKind | "auto",
    workers: count("workers", numberFrom("HEDDLE_WORKERS") ?? given.workers),
    processSlots: count("processSlots", numberFrom("HEDDLE_PROCESS_SLOTS") ?? given.processSlots),
    nativeSlots: count("nativeSlots", numberFrom("HEDDLE_NATIVE_SLOTS") ?? given.nativeSlots),
  };
}

function count(name: string, value: number | undefined): number | null {
  if (value === undefined) return null;
  if (Number.isInteger(value) && value >= 1 && value <= 4_096) return value;
  throw new HeddleError("ERR_CONFIG", `${name} is ${shorten(value)}.`, "pass an integer from 1 to 4096");
}
