/**
 * What happened to tasks, as lines of JSON: what was submitted and what ended, added up for each app over a short time, and each failure.
 *
 * A program may run a hundred thousand tasks a second, for days. So a line is of all tasks of an app that moved within
 * 20 ms, later within a 500th of the time that has passed, but at most 2 s; a task costs a few additions.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import type { Log } from "./log.ts";

/** A task that failed, or is tried again. */
export interface FailedTask {
  app: string;
  index: number;
  /** Name of the map: its number among those of the program, from 0 on; null: it is a call. */
  map: string | null;
  /** How often it was sent to run; 0: an input failed before. */
  tries: number;
  code: string;
  message: string;
  /** Null: it is not known, or none ran it. */
  rank: number | null;
}

/** Where a call runs. */
export interface RunningCall {
  index: number;
  rank: number;
  /** Number of the worker or slot on that rank. */
  slot: number;
}

/** Told of what happens to tasks. */
export interface Observer {
  /** A batch of so many was sent. */
  submitted(app: string, tasks: number): void;
  /** One record came. `rank` ran them; of failures, it may be unknown. */
  ended(app: string, tasks: number, failed: boolean, rank: number): void;
  /** A call has been running for a while, on that slot of that rank. */
  running(app: string, call: RunningCall): void;
  failed(task: FailedTask): void;
  retried(task: FailedTask): void;
}

interface Moves {
  at: number;
  batches: number;
  submitted: number;
  done: number;
  failed: number;
  ranks: Map<number, number>;
}

const TICK_MS = 20;
const TICK_MAX_MS = 2_000;
const TICK_SHARE = 500;
const LINES_MAX = 1_000; // Kept in memory.
const FAILURES_MAX = 1_000; // Of an app, with a line each.
const RUNNING_MAX = 10_000; // Of an app: calls that are said to run.
const LOGGED_MAX = 100; // Of an app, in the log too.
const MESSAGE_MAX = 500;

export class EventLog implements Observer {
  readonly #path: string;
  readonly #file: number;
  readonly #log: Log;
  readonly #beganAt = performance.now();
  readonly #failures = new Map<string, number>();
  #lines: string[] = [];
  #moves = new Map<string, Moves>();
  readonly #running = new Map<string, { at: number; seen: number; calls: RunningCall[] }>();
  #last: { app: string; moves: Moves } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #broken = false;

  /** @param log - Is told of failures as well. */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#file = openSync(path, "a");
  }

  /** A line of another kind. */
  add(event: string, fields: object): void {
    this.#line({ t: this.#seconds(performance.now()), event, ...fields });
  }

  submitted(app: string, tasks: number): void {
    const moves = this.#movesOf(app);
    moves.batches++;
    moves.submitted += tasks;
  }

  ended(app: string, tasks: number, failed: boolean, rank: number): void {
    const moves = this.#movesOf(app);
    if (failed) moves.failed += tasks;
    else {
      moves.done += tasks;
      moves.ranks.set(rank, (moves.ranks.get(rank) ?? 0) + tasks);
    }
  }

  running(app: string, call: RunningCall): void {
    const known = this.#running.get(app) ?? { at: 0, seen: 0, calls: [] };
    if (known.seen === 0) this.#running.set(app, known);
    if (++known.seen > RUNNING_MAX) return;
    if (known.calls.length === 0) known.at = performance.now();
    known.calls.push(call);
    this.#soon();
  }

  failed(task: FailedTask): void {
    this.#one("failed", task);
  }

  retried(task: FailedTask): void {
    this.#one("retry", task);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [app, { at, ranks, ...counts }] of this.#moves) {
      this.#line({ t: this.#seconds(at), event: "tasks", app, ...counts, ranks: Object.fromEntries(ranks) });
    }
    this.#moves.clear();
    for (const [app, known] of this.#running) {
      if (known.calls.length > 0) this.#line({ t: this.#seconds(known.at), event: "running", app, calls: known.calls });
      known.calls = [];
    }
    this.#last = null;
    this.#write();
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
    this.#broken = true;
  }

  #one(event: string, task: FailedTask): void {
    const seen = (this.#failures.get(task.app) ?? 0) + 1;
    this.#failures.set(task.app, seen);
    if (seen > FAILURES_MAX) return;
    const message = task.message.length > MESSAGE_MAX ? `${task.message.slice(0, MESSAGE_MAX)}…` : task.message;
    const fields = { ...task, message };
    this.add(event, fields);
    const level = event === "failed" && task.code !== "ERR_DEPENDENCY" ? "warn" : "info";
    if (seen <= LOGGED_MAX) this.#log[level](event === "failed" ? "a task failed" : "a task is tried again", fields);
    else if (seen === LOGGED_MAX + 1)
      this.#log.warn("more failures of this app are in events.jsonl", { app: task.app });
  }

  #movesOf(app: string): Moves {
    if (this.#last?.app === app) return this.#last.moves;
    let moves = this.#moves.get(app);
    if (moves === undefined) {
      moves = { at: performance.now(), batches: 0, submitted: 0, done: 0, failed: 0, ranks: new Map() };
      this.#moves.set(app, moves);
      this.#soon();
    }
    this.#last = { app, moves };
    return moves;
  }

  #line(fields: object): void {
    if (this.#broken) return;
    this.#lines.push(`${JSON.stringify(fields)}\n`);
    if (this.#lines.length >= LINES_MAX) this.#write();
    else this.#soon();
  }

  #soon(): void {
    if (this.#timer !== null) return;
    const share = (performance.now() - this.#beganAt) / TICK_SHARE;
    this.#timer = setTimeout(() => this.flush(), Math.min(TICK_MAX_MS, Math.max(TICK_MS, share))).unref();
  }

  #write(): void {
    const text = this.#lines.join("");
    this.#lines = [];
    if (text === "" || this.#broken) return;
    try {
      writeSync(this.#file, text);
    } catch (error) {
      this.#broken = true; // A full disk is no reason to end the run.
      process.stderr.write(`heddle: events in ${this.#path} end here: ${(error as Error).message}\n`);
    }
  }

  /** Since the beginning, in microseconds' steps. */
  #seconds(at: number): number {
    return Math.round((at - this.#beganAt) * 1e3) / 1e6;
  }
}
