/** What is written down of a run: its folder, options, log. Rank 0 does, which the program is on. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HeddleError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import { type Log, type LogLevel, noLog, RunLog } from "../monitoring/log.ts";
import { makeRunDirectory } from "../monitoring/run-directory.ts";
import { setTasksFolder } from "./words.ts";

export interface MonitoringSettings {
  /** Null: none. */
  runDir: string | null;
  /** It is the user's wish: if it cannot be made, that is an error. */
  demanded: boolean;
  /** Null: nobody said. */
  log: LogLevel | null;
}

const LOG_USUAL = "info";

export class RunRecord {
  /** Null: none. */
  readonly folder: string | null;
  readonly log: Log;
  readonly #log: RunLog | null;
  readonly #beganAt = performance.now();
  #closed = false;

  /** Throws ERR_CONFIG where the folder cannot be made. */
  constructor(executor: Executor, options: { monitoring: MonitoringSettings }) {
    const { monitoring } = options;
    const here = executor.rank === 0;
    this.folder = here ? folderOf(monitoring) : null;
    this.#log = here ? logOf(monitoring, this.folder) : null;
    this.log = this.#log ?? noLog;
    if (this.folder === null) return;
    const outputs = join(this.folder, "outputs");
    writeFileSync(join(this.folder, "config.json"), `${JSON.stringify(configOf(executor, options), null, 2)}\n`);
    let made = false;
    setTasksFolder(() => {
      if (!made) mkdirSync(outputs, { recursive: true });
      made = true;
      return outputs;
    });
    const { kind, ranks, workers } = executor;
    this.log.info("started", { executor: kind, ranks, workers, pid: process.pid });
  }

  /** Writes what is left. Twice is once. */
  close(how: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.folder !== null) {
      setTasksFolder(null);
      this.log.info(how, { seconds: (performance.now() - this.#beganAt) / 1_000 });
    }
    this.#log?.flush();
  }
}

function folderOf({ runDir, demanded }: MonitoringSettings): string | null {
  if (runDir === null) return null;
  try {
    return makeRunDirectory(runDir);
  } catch (error) {
    if (demanded || !(error instanceof HeddleError)) throw error;
    process.stderr.write(`heddle: ${error.message}\n`); // Nobody asked for it: the program runs without.
    return null;
  }
}

function logOf({ log }: MonitoringSettings, folder: string | null): RunLog | null {
  if (folder !== null) return new RunLog(join(folder, "heddle.log"), log ?? LOG_USUAL);
  return log === null ? null : new RunLog(null, log);
}

/** The options as they are in force, and where and how the program was started. */
function configOf({ kind, ranks, workers, hostname }: Executor, options: object): object {
  const started = new Date().toISOString();
  const { pid, version: node, argv } = process;
  return { started, hostname, pid, node, argv, cwd: process.cwd(), executor: { kind, ranks, workers }, options };
}
