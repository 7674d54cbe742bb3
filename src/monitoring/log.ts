/**
 * The log of a run: JSON lines, by pino, written at once, so that the last of them are there however the process ends.
 *
 * Pino takes as long to load as half a Node.js: it is loaded when lines have waited for a second, or there is a warning,
 * or the run ends.
 */

import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import type { Logger } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes lines of the program's own into the log of the run. */
export interface Log {
  /**
   * @param message - What happened.
   * @param fields - Members of the line's JSON object. An error is written with its stack and causes. Names `level`, `time` and `msg` are taken.
   */
  debug(message: string, fields?: Record<string, unknown> | Error): void;
  info(message: string, fields?: Record<string, unknown> | Error): void;
  warn(message: string, fields?: Record<string, unknown> | Error): void;
  error(message: string, fields?: Record<string, unknown> | Error): void;
}

interface Line {
  level: LogLevel;
  time: string;
  message: string;
  fields: Record<string, unknown> | Error | undefined;
}

const WAIT_MS = 1_000;
const LINES_MAX = 1_000; // That wait.

export class RunLog implements Log {
  readonly #path: string | null;
  readonly #threshold: number;
  readonly #level: LogLevel;
  #lines: Line[] = [];
  #timer: NodeJS.Timeout | null = null;
  #pino: Logger | null = null;
  #file: number | null = null;
  #time = "";
  #broken = false;
  #closed = false;

  /** @param path - Null: standard error. */
  constructor(path: string | null, level: LogLevel) {
    this.#path = path;
    this.#level = level;
    this.#threshold = LOG_LEVELS.indexOf(level);
  }

  debug(message: string, fields?: Record<string, unknown> | Error): void {
    this.#add("debug", message, fields);
  }

  info(message: string, fields?: Record<string, unknown> | Error): void {
    this.#add("info", message, fields);
  }

  warn(message: string, fields?: Record<string, unknown> | Error): void {
    this.#add("warn", message, fields);
  }

  error(message: string, fields?: Record<string, unknown> | Error): void {
    this.#add("error", message, fields);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length === 0 || this.#broken) return;
    try {
      this.#pino ??= this.#open();
    } catch (error) {
      return this.#break(error as Error);
    }
    for (const { level, time, message, fields } of lines) {
      this.#time = time;
      this.#pino[level](fields instanceof Error ? { err: fields } : (fields ?? {}), message);
    }
    if (this.#closed) this.#letGo();
  }

  /** Writes what waits and closes the file. Lines that come later open it again, each for itself. */
  close(): void {
    this.flush();
    this.#letGo();
    this.#closed = true;
  }

  #letGo(): void {
    this.#pino = null;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  /** A full disk is no reason to end the run. */
  #break(error: Error): void {
    if (!this.#broken) process.stderr.write(`heddle: the log ${this.#path ?? ""} ends here: ${error.message}\n`);
    this.#broken = true;
  }

  #add(level: LogLevel, message: string, fields: Line["fields"]): void {
    const rank = LOG_LEVELS.indexOf(level);
    if (rank < this.#threshold || this.#broken) return;
    const now = this.#pino !== null || this.#closed || rank >= LOG_LEVELS.indexOf("warn");
    const line = { level, time: new Date().toISOString(), message };
    this.#lines.push({ ...line, fields: now ? fields : (copyOf(fields, new Map()) as Line["fields"]) });
    if (now || this.#lines.length >= LINES_MAX) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WAIT_MS).unref();
  }

  #open(): Logger {
    // Not import(): the end of a process waits for nothing.
    const { pino } = createRequire(import.meta.url)("pino") as typeof import("pino");
    if (this.#path !== null) this.#file = openSync(this.#path, "a");
    const destination = pino.destination({ dest: this.#file ?? 2, sync: true });
    destination.on("error", (error: Error) => this.#break(error));
    const options = {
      level: this.#level,
      base: null,
      timestamp: () => `,"time":"${this.#time}"`,
      formatters: { level: (level: string) => ({ level }) },
      serializers: { error: pino.stdSerializers.err },
    };
    return pino(options, destination);
  }
}

/** Plain data as it is now, since the program may go on to change it; anything else by reference. */
function copyOf(value: unknown, known: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const isPlain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!isPlain || known.has(value)) return known.get(value) ?? value;
  const copy: Record<string, unknown> = Array.isArray(value) ? ([] as never) : {};
  known.set(value, copy);
  for (const [key, member] of Object.entries(value)) copy[key] = copyOf(member, known);
  return copy;
}

/** Where nobody reads them. */
export const noLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
