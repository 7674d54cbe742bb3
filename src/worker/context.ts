/** What a running task can know of itself. */

import { HeddleError } from "../errors.ts";
import type { TaskScope } from "./nested.ts";
import { type Random, randomStream } from "./random.ts";

/** What {@link context} returns. */
export interface TaskContext {
  /** Index of the task in its batch; for a call, its number among the calls of the app. */
  readonly index: number;
  /** Number of the batch on the rank that submitted it. */
  readonly batch: number;
  /** Rank that runs the task. */
  readonly rank: number;
  /** JS worker of that rank that runs it. */
  readonly worker: number;
  /** Cores that the task may use: as many as it asked for (`resources`), else 1. */
  readonly cores: number;
  /** Label of the executor that runs the task. */
  readonly executor: string;
  /**
   * GPUs that the task may use, as HEDDLE_GPUS or the rank's CUDA_VISIBLE_DEVICES names them; none where neither is set. Those of
   * its worker; of a task that asked for some (`resources`), those that no other such task has meanwhile.
   */
  readonly gpus: readonly string[];
  /** Of the batch; a task's calls and maps have theirs from it and the index. */
  readonly seed: bigint;
  /** @internal */
  readonly holdsTokens: boolean;
  /** Random numbers that depend on the batch's seed and the index alone. */
  readonly random: Random;
}

/** The slot in which a runner says what it runs. `cell[0]` is the index of the task, -1 for none. */
export interface Running {
  cell: Float64Array;
  batch: number;
  seed: bigint;
  rank: number;
  worker: number;
  /** Of the running chunk: the index of its first task, and the tasks' own numbers; null: their indexes are. */
  first: number;
  numbers: readonly number[] | null;
  cores: number;
  gpus: readonly string[];
  holdsTokens: boolean;
  /** Of the worker, for tasks that ask for none. */
  readonly ownGpus: readonly string[];
  readonly executor: string;
  /** Where tasks share a thread with the program: is the caller a task? Null: whoever asks while a task runs is. */
  isTask: (() => boolean) | null;
  /** Where a task may call apps and others run meanwhile: which one asks? Null: the one in the cell. */
  scope: TaskScope | null;
}

/** @internal What a task has that asks for nothing. */
export function plain(
  gpus: readonly string[],
  executor = "default",
): Pick<Running, "first" | "numbers" | "cores" | "gpus" | "holdsTokens" | "ownGpus" | "executor"> {
  return { first: 0, numbers: null, cores: 1, gpus, holdsTokens: false, ownGpus: gpus, executor };
}

const KEY = Symbol.for("heddle.running");
const holder = globalThis as unknown as Record<symbol, Running | undefined>;

/** @internal Called once by whoever runs tasks on this thread. */
export function setRunning(running: Running | null): void {
  holder[KEY] = running ?? undefined;
}

/** True inside a task. */
export function insideTask(): boolean {
  const running = holder[KEY];
  if (running === undefined) return false;
  if (running.scope?.current() !== undefined) return true;
  if ((running.cell[0] as number) < 0) return false;
  return running.isTask === null || running.isTask();
}

class Context implements TaskContext {
  readonly index: number;
  readonly batch: number;
  readonly rank: number;
  readonly worker: number;
  readonly cores: number;
  readonly executor: string;
  readonly holdsTokens: boolean;
  readonly gpus: readonly string[];
  readonly seed: bigint;
  #random: Random | null = null;

  constructor(running: Running, index: number) {
    this.index = index;
    this.batch = running.batch;
    this.rank = running.rank;
    this.worker = running.worker;
    this.gpus = running.gpus;
    this.executor = running.executor;
    this.cores = running.cores;
    this.holdsTokens = running.holdsTokens;
    this.seed = running.seed;
  }

  get random(): Random {
    this.#random ??= randomStream(this.seed, this.index);
    return this.#random;
  }
}

let last: Context | null = null;
let lastOf: Running | undefined;
let lastSeed = 0n;

/**
 * Tells a running task its index, batch, rank, worker, what it may use, and its random stream.
 *
 * Within one task every call returns the same object, so the random stream goes on.
 *
 * @throws {@link HeddleError} `ERR_CONTEXT` outside a task.
 * @example
 * const pi = app("pi", (n: number) => {
 *   const { random } = context();
 *   let hits = 0;
 *   for (let k = 0; k < n; k++) if (random() ** 2 + random() ** 2 < 1) hits++;
 *   return (4 * hits) / n;
 * }, { returns: "f64" });
 */
export function context(): TaskContext {
  const running = holder[KEY];
  const nested = running?.scope?.current();
  if (nested !== undefined) return nested.context;
  const index = running === undefined ? -1 : numberOf(running);
  if (running === undefined || !insideTask()) {
    throw new HeddleError("ERR_CONTEXT", "context() was called outside a task.", "call it inside an app's function");
  }
  const same = last !== null && last.index === index && last.batch === running.batch && lastOf === running;
  if (!same || lastSeed !== running.seed) {
    last = new Context(running, index);
    lastOf = running;
    lastSeed = running.seed;
  }
  return last as Context;
}

/** @internal What the task in the cell knows as its index. */
export function numberOf({ cell, first, numbers }: Running): number {
  const index = cell[0] as number;
  return numbers === null ? index : (numbers[index - first] ?? -1);
}

/** @internal A runner begins another chunk: no context of an earlier run of the same index may go on. */
export function forgetContext(): void {
  last = null;
}
