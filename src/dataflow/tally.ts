/** What became of the calls and maps of one app, counted. */

import { HeddleError, TaskError } from "../errors.ts";
import type { AppFuture, Tally } from "../futures/future.ts";
import { type FutureState, noCounts, type StateCounts } from "../futures/states.ts";
import type { FailedTask } from "../monitoring/events.ts";
import type { NamedProgress } from "../monitoring/progress.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import type { Pump } from "./pump.ts";

/** Of one map, while it runs. */
export interface Progress {
  done: number;
  failed: number;
  /** Where somebody looks at it: tasks that have been running for a while. */
  running: number;
  submitted: number;
  /** Null: not known yet. */
  total: number | null;
}

export class AppTally implements Tally {
  /** Calls, and those of them that wait for inputs, or are joinApps that have not ended. */
  made = 0;
  waiting = 0;
  readonly now = { running: 0, joining: 0 };
  readonly app: AppDefinition;
  readonly #pump: Pump;
  readonly #over = noCounts();
  readonly #running = new Set<Progress>();
  readonly #ended = { maps: 0, done: 0, failed: 0, running: 0, submitted: 0 };

  constructor(app: AppDefinition, pump: Pump) {
    this.app = app;
    this.#pump = pump;
  }

  over(state: FutureState, future: AppFuture<unknown>): void {
    this.#over[state]++;
    if ((state === "failed" || state === "dependency-failed") && this.#pump.observer !== null) {
      const { app, index, tries, outcome } = future;
      this.#pump.observer.failed(failedTask({ app, index, tries, map: null }, outcome));
    }
  }

  mapBegins(progress: Progress): void {
    this.#running.add(progress);
  }

  mapEnds(progress: Progress): void {
    if (!this.#running.delete(progress)) return;
    const sum = this.#ended;
    sum.maps++;
    sum.done += progress.done;
    sum.failed += progress.failed;
    sum.submitted += progress.submitted;
  }

  /** Calls by state; what is not sent yet counts as launched. */
  calls(): StateCounts {
    const counts = { ...this.#over };
    const over = Object.values(counts).reduce((a, b) => a + b, 0);
    counts.running = this.now.running;
    counts.joining = this.now.joining;
    counts.pending = this.waiting - this.now.joining;
    counts.launched = this.made - over - this.waiting - this.now.running;
    return counts;
  }

  /** Maps, and their tasks. What a map that ended early never sent is not in `total`. */
  maps(): Progress & { maps: number } {
    const sum: Progress & { maps: number } = { ...this.#ended, total: this.#ended.submitted };
    for (const { done, failed, running, submitted, total } of this.#running) {
      sum.maps++;
      sum.done += done;
      sum.failed += failed;
      sum.running += running;
      sum.submitted += submitted;
      sum.total = sum.total === null || total === null ? null : sum.total + total;
    }
    return sum;
  }
}

/** An app for people. */
export function progressOf(tally: AppTally): NamedProgress {
  const calls = tally.calls();
  const maps = tally.maps();
  const failed = calls.failed + calls["dependency-failed"] + calls.cancelled + maps.failed;
  const done = calls.done + calls["memo-done"] + maps.done;
  const running = calls.running + maps.running;
  const waiting = calls.launched + Math.max(0, maps.submitted - maps.done - maps.failed - maps.running);
  const total = maps.total === null ? null : maps.total + tally.made;
  return { name: tally.app.name, done, failed, running, waiting, total };
}

export function failedTask(task: Pick<FailedTask, "app" | "index" | "map" | "tries">, error: unknown): FailedTask {
  const code = error instanceof HeddleError ? error.code : "ERR_INTERNAL";
  const rank = error instanceof TaskError ? error.rank : null;
  return { ...task, code, message: error instanceof Error ? error.message : String(error), rank };
}
