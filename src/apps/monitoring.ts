/** What is written down of a run, as users write it. */

import type { LogLevel } from "../monitoring/log.ts";

/** Options of {@link run} and {@link start} about what is written down of a run. */
export interface MonitoringOptions {
  /**
   * Folder in which each run gets a numbered folder of its own, with its options, log, events, and the files and folders of tasks that ask for
   * some (`stdout: "auto"`, `cwd: "fresh"`). Other ranks must see it too. False: none. Default: "runinfo" of run(), false of start(). HEDDLE_RUN_DIR, where "none" is false.
   */
  runDir?: string | false;
  /**
   * Of how many runs, this one among them, the folders stay: integer from 1 to 10^6, or "all". Older ones are removed when a program starts, with all that is
   * in them, where they have certainly ended. Default: "all". HEDDLE_KEEP_RUNS.
   */
  keepRuns?: number | "all";
  /**
   * The least that is written to the log: "debug", "info", "warn" or "error". Where it is given and there is no run directory, the log goes to
   * standard error. Default: "info". HEDDLE_LOG.
   */
  log?: LogLevel;
  /**
   * True: standard error shows one line for each app with tasks done, running and failed, the rate, and the time left; redrawn on a terminal, and
   * elsewhere every 3 s what has moved. Default: false. HEDDLE_PROGRESS: 1 or 0.
   */
  progress?: boolean;
}
