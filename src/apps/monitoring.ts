/** What is written down of a run, as users write it. */

import type { MonitoringSettings } from "../dataflow/record.ts";
import { HeddleError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../monitoring/log.ts";
import { shorten } from "../serialize/values.ts";

/** Options of {@link run} and {@link start} about what is written down of a run. */
export interface MonitoringOptions {
  /**
   * Folder in which each run gets a numbered folder of its own, with its options, log, events, and the files and folders of tasks that ask for
   * some (`stdout: "auto"`, `cwd: "fresh"`). Other ranks must see it too. False: none. Default: "runinfo" of run(), false of start(). HEDDLE_RUN_DIR, where "none" is false.
   */
  runDir?: string | false;
  /**
   * The least that is written to the log: "debug", "info", "warn" or "error". Where it is given and there is no run directory, the log goes to
   * standard error. Default: "info". HEDDLE_LOG.
   */
  log?: LogLevel;
}

/**
 * Fills in environment and defaults. Throws ERR_CONFIG.
 *
 * @param usual - The run directory where nobody says otherwise.
 */
export function monitoringOf(
  given: MonitoringOptions,
  env: NodeJS.ProcessEnv,
  usual: string | false,
): MonitoringSettings {
  const variable = env["HEDDLE_RUN_DIR"];
  const asked = variable ? (variable === "none" ? false : variable) : given.runDir;
  const runDir = asked ?? usual;
  if (runDir !== false && (typeof runDir !== "string" || runDir === "")) {
    throw new HeddleError("ERR_CONFIG", `runDir is ${shorten(runDir)}.`, "give the path of a folder, or false");
  }
  return { runDir: runDir || null, demanded: asked !== undefined, log: logLevel(env["HEDDLE_LOG"], given.log) };
}

function logLevel(text: string | undefined, given: unknown): LogLevel | null {
  const level = text || given;
  if (level === undefined || LOG_LEVELS.includes(level as LogLevel)) return (level as LogLevel | undefined) ?? null;
  const message = `${text ? "HEDDLE_LOG" : "log"} is ${shorten(level)}.`;
  throw new HeddleError("ERR_CONFIG", message, `use ${LOG_LEVELS.join(", ")}`);
}
