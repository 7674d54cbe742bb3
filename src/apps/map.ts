/** Many tasks at once: the handle of a map, and the ways its results end. */

import { notHere } from "../dataflow/call-files.ts";
import { kernelFor } from "../dataflow/current.ts";
import { CollectEnd, ColumnEnd, DiscardEnd, type Item, StreamEnd } from "../dataflow/ends.ts";
import { type End, MapJob } from "../dataflow/job.ts";
import { joinScope } from "../dataflow/join-scope.ts";
import type { Kernel } from "../dataflow/kernel.ts";
import type { MapCache } from "../dataflow/map-memo.ts";
import type { Column, Source } from "../dataflow/piece.ts";
import { AppEnd, ScalarEnd } from "../dataflow/reduction.ts";
import { policyOfRetries } from "../dataflow/retries.ts";
import { sourceOf } from "../dataflow/source.ts";
import { BatchError, HeddleError } from "../errors.ts";
import { AppFuture } from "../futures/future.ts";
import { addUnobserved, removeUnobserved } from "../futures/unobserved.ts";
import { ProgressBar } from "../monitoring/progress.ts";
import type { Placement, ReduceOp } from "../native/binding.ts";
import { fnv1a64 } from "../native/hash.ts";
import type { AppDefinition, RetryPolicy } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import type { FileRef } from "../staging/file.ts";
import { definitionOf, noWalltime, placementOf, walltimeMs } from "./definition.ts";
import { checkKinds, checkNames } from "./known.ts";
import { mapCacheOf, type Retries, retriesOf } from "./policy.ts";
import type { App, PlacementOptions } from "./types.ts";

/** Options of a map. */
export interface MapOptions extends PlacementOptions {
  /** True: show progress on standard error, a bar on a terminal, a line every 3 s elsewhere. Default: false. */
  progress?: boolean;
  /** Seeds the tasks' random streams. Default: made of the app's name and how many maps came before. */
  seed?: number | bigint | string;
  /** Limit per task, seconds. Default: the app's. */
  walltime?: number;
  /** How often a task that failed is tried again. Default: the app's. */
  retries?: Retries;
  /**
   * True: results are kept in the checkpoint (`checkpoint` of {@link RunOptions}; without one it does nothing), and tasks whose results are there do not run: those with the same
   * number of a range, or the same row in the same block of 4,096 rows. Another `version` is another app: see {@link CacheOptions}. For `reduce` too those of single tasks are
   * kept, and brought here to be combined. Default: false.
   */
  cache?: boolean | { version?: string };
  /**
   * The tasks begin when this call is done, on the rank that ran it (files that it wrote there, or what it keeps in memory, are near), and
   * idle ranks may take them from there. If the call fails, so does the map. Instead of `target`. Default: none.
   */
  near?: AppFuture<unknown>;
}

/** What became of one task of {@link MapHandle.settled}. */
export type Settled<T> =
  | { status: "fulfilled"; index: number; value: T }
  | { status: "rejected"; index: number; reason: HeddleError };

/** Built-in reductions. */
export type Reduction = ReduceOp;

/**
 * A map on its way. Awaiting it collects; it starts when one of its methods is called, or at the end of the turn.
 *
 * @typeParam T - Result of one task.
 * @typeParam C - What collecting gives.
 */
export class MapHandle<T, C = T[]> implements PromiseLike<C>, AsyncIterable<Item<T>> {
  readonly #kernel: Kernel;
  readonly #app: AppDefinition;
  readonly #source: Source;
  readonly #options: {
    seed: bigint;
    walltimeMs: number;
    placement: Placement;
    retries: RetryPolicy | null;
    progress: boolean;
    number: string;
    cache: MapCache | null;
    ownSeed: string | null;
  };
  readonly #near: AppFuture<unknown> | null;
  #job: MapJob | null = null;
  #used: string | null = null;
  #collected: Promise<C> | null = null;
  #cancelled = false;

  /** @internal */
  constructor(kernel: Kernel, app: AppDefinition, columns: readonly Column[], options: MapOptions) {
    this.#kernel = kernel;
    this.#app = app;
    checkNames(`${app.name}.map()`, "map", options);
    checkKinds(`${app.name}.map()`, options);
    const placement = placementOf(app.name, options, app.placement);
    kernel.check(app, placement);
    this.#near = nearOf(app.name, options);
    const cache = mapCacheOf(app.name, options.cache);
    const number = kernel.nextMap(app, cache !== null);
    const bring = (ref: FileRef): PromiseLike<string> =>
      kernel.files?.path(ref, placement) ?? Promise.reject(notHere(app.name));
    this.#source = sourceOf(inGroup(app, `map-${number}`), columns, bring);
    const seed = fnv1a64(options.seed === undefined ? `map\0${number}\0${app.name}` : `seed\0${options.seed}`);
    const limit = options.walltime === undefined ? app.walltimeMs : walltimeMs(app.name, options.walltime);
    if (app.kind === "native" && limit > 0) throw noWalltime(app.name);
    const retries =
      options.retries === undefined
        ? policyOfRetries(app, kernel.retries)
        : retriesOf(`${app.name}.map()`, options.retries);
    const ownSeed = options.seed === undefined ? null : String(options.seed);
    const progress = options.progress ?? false;
    this.#options = { seed, walltimeMs: limit, placement, retries, progress, number, cache, ownSeed };
    // Whoever wants another end says so in this turn.
    const started = new Promise<void>((resolve) => queueMicrotask(() => process.nextTick(resolve)));
    kernel.track(started.then(() => (this.#used === null ? this.#collectUnasked() : undefined)));
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a map collects it, by design
  then<A = C, B = never>(
    onDone?: ((value: C) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.collect().then(onDone, onFailed);
  }

  catch<B = never>(onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<C | B> {
    return this.collect().catch(onFailed);
  }

  finally(onEnd?: (() => void) | null): Promise<C> {
    return this.collect().finally(onEnd);
  }

  /**
   * All results in the order of the input; result k is that of element k.
   *
   * @returns An array, or a typed array where the app declares `returns`.
   * @throws BatchError when tasks failed; it holds every result and every failure by index.
   */
  collect(): Promise<C> {
    if (this.#collected !== null) {
      removeUnobserved(this);
      return this.#collected;
    }
    this.#use("collect()");
    this.#collected = this.#run((total) => this.#collector(total)).then(({ job, end }) => {
      const results = resultsOf(end, job);
      if (job.failures.size > 0) throw this.#batchError(job, results);
      return results as C;
    });
    return this.#collected;
  }

  /** Runs all tasks and forgets their results. Rejects with BatchError when tasks failed. */
  async discard(): Promise<void> {
    this.#use("discard()");
    const { job } = await this.#run(() => new DiscardEnd());
    if (job.failures.size > 0) throw this.#batchError(job, []);
  }

  /**
   * Combines all results to one, in the order of the input, with the same bits however the work was spread.
   *
   * @param op - "sum", "min", "max" of numbers; "count" of tasks; or an app of two results that is associative.
   * @throws BatchError when tasks failed; `ERR_REDUCE_EMPTY` when there is nothing to combine.
   */
  reduce(op: "count"): Promise<number>;
  reduce(op: T extends number | bigint ? "sum" | "min" | "max" : never): Promise<T>;
  reduce(reducer: App<[T, T], T, unknown>): Promise<T>;
  async reduce(op: unknown): Promise<unknown> {
    const how = typeof op === "string" ? op : definitionOf(op, `${this.#app.name}.map().reduce()`);
    if (typeof how === "string" && !["sum", "min", "max", "count"].includes(how)) {
      throw new HeddleError("ERR_CONFIG", `reduce(${shorten(op)}) is unknown.`, "use sum, min, max, count, or an app");
    }
    checkNative(this.#app, how);
    this.#use("reduce()");
    if (how === "count") return (await this.#runAll(() => new DiscardEnd())).job.tasks;
    if (typeof how === "string") return this.#reduceScalar(how as ReduceOp);
    const { end } = await this.#runAll(() => new AppEnd(this.#kernel, how.name, this.#keeps()));
    const tracked = end.result();
    this.#kernel.track(tracked);
    const value = await tracked;
    if (value === undefined) throw this.#empty(how.name);
    return value;
  }

  /** What became of each task, in the order of the input. Never rejects for a failed task. */
  async settled(): Promise<Settled<T>[]> {
    this.#use("settled()");
    const { job, end } = await this.#run((total) => this.#collector(total));
    const results = resultsOf(end, job) as ArrayLike<T>;
    return Array.from({ length: job.tasks }, (_, index) => {
      const reason = job.failures.get(index);
      if (reason !== undefined) return { status: "rejected", index, reason };
      return { status: "fulfilled", index, value: results[index] as T };
    });
  }

  /**
   * Results as they come, in any order. A slow reader slows the tasks down. Leaving the loop early cancels the rest.
   *
   * @throws BatchError after the last result, when tasks failed.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Item<T>, void, undefined> {
    this.#use("for await");
    return this.#items();
  }

  /** Ends the map: tasks that did not start never do, and whoever awaits it gets CancelledError. */
  cancel(): void {
    this.#cancelled = true;
    this.#job?.cancel();
  }

  /** Nobody said how it is to end: it collects, and a failure waits for whoever awaits it later. */
  #collectUnasked(): Promise<void> {
    const collected = this.collect();
    return collected.then(
      () => {},
      (error) => addUnobserved(this, error),
    );
  }

  async *#items(): AsyncGenerator<Item<T>, void, undefined> {
    const end = new StreamEnd(this.#app.returns);
    const job = this.#start(end);
    let ended = false;
    let error: unknown = null;
    const running = this.#finish(job).then(
      () => (ended = true),
      (reason) => {
        ended = true;
        error = reason;
      },
    );
    void running.then(() => end.wake());
    try {
      for (;;) {
        const group = end.take();
        if (group !== undefined) {
          yield* group.items as Item<T>[];
          job.credit(group.batch, group.bytes);
        } else if (ended) break;
        else await end.more();
      }
    } finally {
      if (!ended) job.cancel();
    }
    if (error !== null) throw error;
    if (job.failures.size > 0) throw this.#batchError(job, []);
  }

  async #reduceScalar(op: ReduceOp): Promise<unknown> {
    const element = this.#app.returns ?? "f64";
    const { end } = await this.#runAll(() => new ScalarEnd(op, element, this.#keeps()));
    const value = end.result();
    if (value !== undefined) return value;
    if (op !== "sum") throw this.#empty(op);
    return element === "i64" || element === "u64" ? 0n : 0;
  }

  /** Are results of single tasks kept? Then they are not combined where they are made. */
  #keeps(): boolean {
    return this.#options.cache !== null && this.#kernel.memo?.keepsMaps === true;
  }

  #collector(total: number | null): ColumnEnd | CollectEnd {
    return this.#app.returns === null ? new CollectEnd(total) : new ColumnEnd(this.#app.returns, total);
  }

  /** Runs with an end; failures of tasks are for the caller. */
  async #run<E extends End>(makeEnd: (total: number | null) => E): Promise<{ job: MapJob; end: E }> {
    const end = makeEnd(this.#source.total);
    const job = this.#start(end);
    await this.#finish(job);
    return { job, end };
  }

  /** The same, where a failed task fails all. */
  async #runAll<E extends End>(makeEnd: () => E): Promise<{ job: MapJob; end: E }> {
    const ran = await this.#run(makeEnd);
    if (ran.job.failures.size > 0) throw this.#batchError(ran.job, []);
    return ran;
  }

  #start(end: End): MapJob {
    const job = new MapJob(this.#kernel, this.#app, this.#source, end, this.#options);
    this.#job = job;
    if (this.#cancelled) job.cancel();
    joinScope()?.add({ done: () => job.over, cancel: () => this.cancel() });
    return job;
  }

  async #finish(job: MapJob): Promise<void> {
    const bar =
      this.#options.progress && !this.#kernel.showsProgress ? new ProgressBar(this.#app.name, job.progress) : null;
    try {
      const running = this.#near === null ? job.run() : this.#runNear(this.#near, job);
      this.#kernel.track(running);
      await running;
    } finally {
      bar?.stop();
    }
  }

  async #runNear(near: AppFuture<unknown>, job: MapJob): Promise<void> {
    await near;
    this.#options.placement = { ...this.#options.placement, placement: "first", target: near.rank ?? 0 };
    await job.run();
  }

  #use(how: string): void {
    if (this.#used !== null) {
      throw new HeddleError(
        "ERR_MAP_USED",
        `${how} on a map of "${this.#app.name}" that is already used by ${this.#used}.`,
        "choose one in the turn in which map() was called; for another, map again",
      );
    }
    this.#used = how;
  }

  #batchError(job: MapJob, results: ArrayLike<unknown>): BatchError {
    const sorted = new Map([...job.failures].sort((a, b) => a[0] - b[0]));
    return new BatchError(this.#app.name, job.tasks, results, sorted);
  }

  #empty(op: string): HeddleError {
    const message = `reduce(${op}) of app "${this.#app.name}" was given no task.`;
    return new HeddleError("ERR_REDUCE_EMPTY", message, "check for an empty input before the call");
  }
}

/** Tasks with files or folders of their own have them beside those of calls and of other maps. */
function inGroup(app: AppDefinition, group: string): AppDefinition {
  return app.settings === undefined ? app : { ...app, settings: { ...app.settings, group } };
}

function nearOf(app: string, { near, target }: MapOptions): AppFuture<unknown> | null {
  if (near === undefined) return null;
  if (!(near instanceof AppFuture)) {
    const message = `${app}.map(): near is ${shorten(near)}.`;
    throw new HeddleError("ERR_CONFIG", message, "give the future of a call, before it is awaited: near: app(...)");
  }
  if (target === undefined) return near;
  throw new HeddleError("ERR_CONFIG", `${app}.map(): it has both near and target.`, "give one of them");
}

/** Native slots have numbers, and no JavaScript to reduce with. */
function checkNative(app: AppDefinition, how: string | AppDefinition): void {
  const isApp = typeof how !== "string";
  if (isApp && how.isolated && how.native === null) {
    throw new HeddleError(
      "ERR_CONFIG",
      `reduce(${how.name}) of app "${app.name}": ${how.name} has isolation "process", and workers reduce by themselves.`,
      "reduce with an app without isolation; or collect() and combine here",
    );
  }
  if (isApp && (app.native !== null || how.native !== null)) {
    throw new HeddleError(
      "ERR_CONFIG",
      `reduce(${how.name}) of app "${app.name}": ${app.native !== null ? app.name : how.name} is native.`,
      "reduce a native app with sum, min, max or count; or collect() and combine here",
    );
  }
  if (app.native === null || how === "count" || app.returns !== null) return;
  throw new HeddleError(
    "ERR_CONFIG",
    `reduce(${shorten(how)}) of app "${app.name}", which returns bytes.`,
    "declare a number in `returns`, or collect()",
  );
}

function resultsOf(end: ColumnEnd | CollectEnd, job: MapJob): ArrayLike<unknown> {
  return end instanceof ColumnEnd ? end.column(job.tasks) : end.values;
}

/** Makes the handle of `app.map(...given)`: columns, and options last. */
export function mapOf(app: AppDefinition, given: unknown[]): MapHandle<unknown, unknown> {
  const kernel = kernelFor(app.name);
  const last = given.at(-1);
  const isOptions = given.length > 1 && (last === undefined || isPlainObject(last));
  const columns = (isOptions ? given.slice(0, -1) : given) as Column[];
  return new MapHandle(kernel, app, columns, isOptions ? ((last ?? {}) as MapOptions) : {});
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return !(Symbol.iterator in value) && !(Symbol.asyncIterator in value);
}
