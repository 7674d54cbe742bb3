/** What is written down of a run: its folder, options, log, events, and the sums at its end. Rank 0 does, which the program is on. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HeddleError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import type { StateCounts } from "../futures/states.ts";
import { EventLog } from "../monitoring/events.ts";
import { type Log, type LogLevel, noLog, RunLog } from "../monitoring/log.ts";
import { removeOldRuns } from "../monitoring/old-runs.ts";
import { ProgressBoard } from "../monitoring/progress.ts";
import { makeRunDirectory } from "../monitoring/run-directory.ts";
import type { Kernel } from "./kernel.ts";
import { progressOf } from "./tally.ts";
import { setTasksFolder } from "./words.ts";

export interface MonitoringSettings {
  /** Null: none. */
  runDir: string | null;
  /** It is the user's wish: if it cannot be made, that is an error. */
  demanded: boolean;
  /** Folders of so many runs stay; null: all. */
  keepRuns: number | null;
  /** Null: nobody said. */
  log: LogLevel | null;
  /** Shown on standard error. */
  progress: boolean;
  /** Of options that are not the default: the value, and in words who gave it. By path. */
  given: Record<string, { value: unknown; from: string }>;
}

const LOG_USUAL = "info";

export class RunRecord {
  /** Null: none. */
  readonly folder: string | null;
  readonly log: Log;
  readonly #log: RunLog | null;
  readonly #events: EventLog | null;
  readonly #board: ProgressBoard | null;
  readonly #kernel: Kernel;
  readonly #began = new Date();
  readonly #beganAt = performance.now();
  #closed = false;

  /** Throws ERR_CONFIG where the folder cannot be made. */
  constructor(kernel: Kernel, options: { monitoring: MonitoringSettings }) {
    const { monitoring } = options;
    const { executor } = kernel;
    const here = executor.rank === 0;
    this.#kernel = kernel;
    this.folder = here ? folderOf(monitoring) : null;
    this.#board = here && monitoring.progress ? boardOf(kernel) : null;
    this.#log = here ? logOf(monitoring, this.folder) : null;
    this.log = this.#log ?? noLog;
    this.#events = this.folder === null ? null : new EventLog(join(this.folder, "events.jsonl"), this.log);
    const { kind, ranks, workers } = executor;
    const started = { executor: kind, ranks, workers, pid: process.pid };
    this.log.info("started", started);
    if (this.folder === null) return;
    this.#write("config.json", configOf(executor, options));
    if (monitoring.keepRuns !== null) this.#removeOld(monitoring.keepRuns);
    setTasksFolder(foldersIn(join(this.folder, "outputs")));
    kernel.pump.observer = this.#events;
    this.#events?.add("start", { time: this.#began.toISOString(), ...started });
  }

  /** Writes what is left. Twice is once. */
  close(how: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#board?.stop();
    const seconds = Math.round(performance.now() - this.#beganAt) / 1_000;
    const calls = inUse(this.#kernel.counts());
    this.log.info(how, { seconds, calls });
    if (this.folder !== null) this.#end({ seconds, how, calls });
    this.#log?.close();
  }

  #end({ seconds, how, calls }: { seconds: number; how: string; calls: Partial<StateCounts> }): void {
    setTasksFolder(null);
    this.#kernel.pump.observer = null;
    this.#events?.flush(); // So that this is the last.
    this.#events?.add("end", { how, calls });
    this.#events?.close();
    const apps = [...this.#kernel.tallies].map(([app, tally]) => {
      const { maps, total: tasks, done, failed } = tally.maps();
      return [app, { calls: inUse(tally.calls()), ...(maps > 0 ? { maps: { maps, tasks, done, failed } } : {}) }];
    });
    const started = this.#began.toISOString();
    this.#write("summary.json", { started, seconds, how, calls, apps: Object.fromEntries(apps) });
  }

  /** Beside the program's own work. */
  #removeOld(keep: number): void {
    const { hostname } = this.#kernel.executor;
    removeOldRuns(dirname(this.folder as string), keep, { hostname, pid: process.pid }).then(
      (removed) => removed.length > 0 && this.log.info("folders of old runs were removed", { removed }),
      (error: Error) => this.log.warn("folders of old runs were not removed", error),
    );
  }

  #write(name: string, content: object): void {
    try {
      writeFileSync(join(this.folder as string, name), `${JSON.stringify(content, null, 2)}\n`);
    } catch (error) {
      process.stderr.write(`heddle: ${name} was not written: ${(error as Error).message}\n`);
    }
  }
}

function boardOf(kernel: Kernel): ProgressBoard {
  kernel.showsProgress = true;
  return new ProgressBoard(() => [...kernel.tallies.values()].map(progressOf));
}

/** Made when the first task wants one. */
function foldersIn(outputs: string): () => string {
  let made = false;
  return () => {
    if (!made) mkdirSync(outputs, { recursive: true });
    made = true;
    return outputs;
  };
}

function inUse(counts: StateCounts): Partial<StateCounts> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
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

/** What was asked for and by whom, the settings that came of it, and where and how the program was started. */
function configOf(executor: Executor, { monitoring, ...rest }: { monitoring: MonitoringSettings }): object {
  const { kind, ranks, workers, hostname } = executor;
  const { given, ...own } = monitoring;
  const { pid, version: node, argv } = process;
  const started = { started: new Date().toISOString(), hostname, pid, node, argv, cwd: process.cwd() };
  return { ...started, executor: { kind, ranks, workers }, given, settings: { ...rest, monitoring: own } };
}
