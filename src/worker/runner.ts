/**
 * Runs the chunks of one JS worker: synchronous apps in a tight loop, promises awaited one by one, each failure alone.
 *
 * A chunk ends with exactly one of the port's finish calls. `current[0]` holds the index of the running task, so that a
 * thread that dies under it can be charged to it.
 */

import { HeddleError } from "../errors.ts";
import type { ElementType, TypedColumn } from "../native/binding.ts";
import { type BatchInfo, ChunkInfo, type ThreadPort, type WorkerPort } from "../native/port.ts";
import { isThenable } from "../serialize/blocks.ts";
import { fits, newColumn } from "../serialize/columns.ts";
import { type ErrorPayload, payloadOf, payloadOfThrown } from "../serialize/errors.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import type { Running } from "./context.ts";
import { forgetContext, numberOf } from "./context.ts";
import { hints, misfit, unsettled } from "./failures.ts";
import { type Chunk, finishChunk, finishing, noChunk } from "./finish.ts";
import { type Invoke, invoker } from "./invoke.ts";
import type { IsolatedProcess } from "./isolated-process.ts";
import type { NestedCalls, NestedTask } from "./nested.ts";
import type { RejectionWatch } from "./rejections.ts";

/** The most tasks in a chunk whose results are a column; the addon keeps to it. */
export const CHUNK_TASKS_MAX = 65_536;

const YIELD_MS = 20; // Longest time between two looks at the event loop, so that timers and messages get their turn.

export interface RunnerOptions {
  port: WorkerPort;
  running: Running;
  findApp: (name: string) => AppDefinition | undefined;
  /** Null where tasks cannot call apps: then none is ever set aside. */
  aside?: { port: ThreadPort; calls: NestedCalls } | null;
  /** Runs tasks of apps with `isolation: "process"`. */
  isolated: IsolatedProcess;
  /** Null where rejections cannot be told from the program's own. */
  watch: RejectionWatch | null;
}

export class TaskRunner {
  readonly #port: WorkerPort;
  readonly #info: Float64Array;
  #args: Uint8Array;
  readonly #running: Running;
  readonly #findApp: (name: string) => AppDefinition | undefined;
  readonly #process: IsolatedProcess;
  readonly #watch: RejectionWatch | null;
  readonly #columns = new Map<ElementType, TypedColumn>();
  readonly #batches = new Map<number, BatchInfo>();
  #chunk: Chunk;
  #invoke: Invoke = () => undefined;
  #odd: unknown = undefined;
  #giveUp: (() => void) | null = null;
  /** The task whose result is `#odd`, if it has called apps. */
  #oddTask: NestedTask | null = null;
  readonly #aside: { port: ThreadPort; calls: NestedCalls } | null;
  #setAside = 0;
  #yieldedAt = performance.now();

  constructor({ port, running, findApp, isolated, watch, aside = null }: RunnerOptions) {
    this.#process = isolated;
    this.#aside = aside;
    this.#port = port;
    this.#info = port.info;
    this.#args = port.args;
    this.#running = running;
    this.#findApp = findApp;
    this.#watch = watch;
    this.#chunk = noChunk;
  }

  /** True when this thread has not seen its event loop for too long. */
  get mustYield(): boolean {
    return performance.now() - this.#yieldedAt > YIELD_MS;
  }

  /** Tasks that wait for tasks of their own. */
  get setAside(): number {
    return this.#setAside;
  }

  /** Lets timers, messages and rejections have their turn. */
  yield(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#yieldedAt = performance.now();
        resolve();
      });
    });
  }

  /** Runs the chunk that `port.next` announced. A promise where its app, or its end, needs the event loop. */
  run(): void | Promise<void> {
    const info = this.#info; // Kept, as is `#args`: each look at the port is a crossing.
    const batch = this.#batch(info[ChunkInfo.kindKey] as number);
    const first = info[ChunkInfo.first] as number;
    const count = (info[ChunkInfo.last] as number) - first;
    this.#chunk = { batch, first, count, column: this.#columnFor(batch), values: null, failures: null };
    if (this.#chunk.column === null && batch.results !== "discard") this.#chunk.values = new Array(count);
    this.#running.batch = info[ChunkInfo.sequence] as number;
    this.#running.seed = batch.seed;
    this.#running.first = first;
    this.#running.numbers = null;
    this.#running.cores = batch.cores;
    this.#running.holdsTokens = batch.tokens;
    this.#running.gpus = batch.gpus > 0 ? this.#port.devices : this.#running.ownGpus;
    forgetContext();
    if (this.#watch !== null) this.#watch.made = 0;
    if (!this.#prepare(batch)) return this.#end();

    const reached = this.#runSync(0);
    if (reached < count) return this.#runAsync(reached);
    if (this.#watch !== null && this.#watch.made > 0) return this.#endLater();
    return this.#end();
  }

  /** Nothing is left in this thread that could settle what the running task awaits: it fails, and the thread lives on. */
  giveUp(): void {
    this.#giveUp?.();
  }

  /** A promise that nobody handled was rejected. Returns false when no task of the running chunk made it. */
  rejected(reason: unknown, promise: Promise<unknown>): boolean {
    const { first, count } = this.#chunk;
    const known = this.#watch?.ownerOf(promise) ?? -1;
    const what = payloadOfThrown(reason);
    const message = `a promise was rejected and not handled: ${what.name}: ${what.message}`;
    if (typeof known !== "number") {
      if (known.ended) return false;
      known.fail(new HeddleError("ERR_TASK_REJECTED", message, hints.rejected, { cause: reason }));
      return true;
    }
    const index = known >= 0 ? known : (this.#running.cell[0] as number);
    if (index < first || index >= first + count) return false;
    this.#fail(index - first, payloadOf("ERR_TASK_REJECTED", message, hints.rejected, { cause: reason }));
    return true;
  }

  #batch(key: number): BatchInfo {
    let batch = this.#batches.get(key);
    if (batch === undefined) {
      if (this.#batches.size >= 256) this.#batches.clear(); // They are cheap to ask for again.
      batch = this.#port.batch(key);
      this.#batches.set(key, batch);
    }
    return batch;
  }

  #columnFor(batch: BatchInfo): TypedColumn | null {
    if (batch.element === null || batch.results === "discard") return null;
    let column = this.#columns.get(batch.element);
    if (column === undefined) {
      column = newColumn(batch.element, CHUNK_TASKS_MAX);
      this.#columns.set(batch.element, column);
    }
    return column;
  }

  #prepare(batch: BatchInfo): boolean {
    const app = this.#findApp(batch.app);
    const fn = app?.isolated ? this.#isolated(batch.app) : app?.fn;
    if (fn === undefined || fn === null) {
      this.#failAll(payloadOf("ERR_APP_UNKNOWN", `this worker knows no app "${batch.app}"`, hints.unknown));
      return false;
    }
    try {
      if (this.#info[ChunkInfo.argsCapacity] !== this.#args.length) this.#args = this.#port.args;
      const bytes = this.#args.subarray(0, this.#info[ChunkInfo.argsBytes]);
      this.#invoke = invoker(fn as (...args: unknown[]) => unknown, batch, bytes, this.#running);
      return true;
    } catch (error) {
      this.#failAll(payloadOfThrown(error));
      return false;
    }
  }

  #isolated(app: string): (...args: unknown[]) => Promise<unknown> {
    const { batch, seed, cores, gpus } = this.#running;
    return (...args) => {
      const task = { app, args, index: numberOf(this.#running), batch, seed, cores, gpus };
      return this.#process.run(task);
    };
  }

  /** Runs tasks from the k-th on; returns the first whose result is a promise (then in `#odd`), or the count. */
  #runSync(from: number): number {
    const { count, first } = this.#chunk;
    let k = from;
    while (k < count) {
      try {
        k = this.#loop(k);
      } catch (error) {
        k = (this.#running.cell[0] as number) - first;
        this.#running.scope?.take();
        this.#fail(k++, payloadOfThrown(error));
        continue;
      }
      if (k < count) {
        if (isThenable(this.#odd)) return k;
        this.#misfit(k++, this.#odd);
      }
    }
    return count;
  }

  #loop(from: number): number {
    const { column, values, count, first, batch } = this.#chunk;
    const { cell, scope } = this.#running;
    const invoke = this.#invoke;
    if (column !== null && (batch.element === "f64" || batch.element === "f32")) {
      return this.#loopFloats(from, column as Float64Array);
    }
    for (let k = from; k < count; k++) {
      cell[0] = first + k;
      const value = invoke(k);
      if (scope !== null && scope.made !== null) return this.#stopNested(k, value);
      if (column !== null) {
        if (!fits(batch.element as ElementType, value)) return this.#stop(k, value);
        column[k] = value as number;
      } else {
        if (isThenable(value)) return this.#stop(k, value);
        if (values !== null) values[k] = value;
      }
    }
    return count;
  }

  // Apart from the general loop so that it stays small enough to be compiled as one piece.
  #loopFloats(from: number, column: Float64Array): number {
    const { count, first } = this.#chunk;
    const { cell, scope } = this.#running;
    const invoke = this.#invoke;
    for (let k = from; k < count; k++) {
      cell[0] = first + k;
      const value = invoke(k);
      if (scope !== null && scope.made !== null) return this.#stopNested(k, value);
      if (typeof value !== "number") return this.#stop(k, value);
      column[k] = value;
    }
    return count;
  }

  #stop(k: number, odd: unknown): number {
    this.#odd = odd;
    return k;
  }

  #stopNested(k: number, value: unknown): number {
    const task = this.#running.scope?.take() as NestedTask;
    this.#oddTask = task;
    return this.#stop(k, task.whole(value));
  }

  /** Goes on from the k-th task, whose promise is in `#odd`. */
  async #runAsync(from: number): Promise<void> {
    const { count } = this.#chunk;
    for (let k = from; k < count; ) {
      if (this.#oddTask === null) await this.#awaitOdd(k);
      if (this.#oddTask !== null) return await this.#park(k);
      if (this.mustYield) await this.yield();
      k = this.#runSync(k + 1);
    }
    if (this.#watch !== null) await this.yield();
    this.#running.cell[0] = -1;
    return await this.#end();
  }

  /** Takes the result of the k-th task; or finds that it has called apps, which `#oddTask` then says. */
  async #awaitOdd(k: number): Promise<void> {
    const { scope } = this.#running;
    const odd = this.#odd as PromiseLike<unknown>;
    let settle: (() => void) | null = null;
    await new Promise<void>((resolve) => {
      if (scope !== null) scope.onMade = resolve;
      this.#giveUp = () => {
        settle = () => this.#fail(k, unsettled());
        resolve();
      };
      odd.then(
        (value) => {
          settle = () => this.#accept(k, value);
          resolve();
        },
        (error) => {
          settle = () => this.#fail(k, payloadOfThrown(error));
          resolve();
        },
      );
    });
    this.#giveUp = null;
    if (scope !== null) scope.onMade = null;
    const made = scope?.take() ?? null;
    if (made === null) return (settle as (() => void) | null)?.();
    this.#oddTask = made;
    this.#odd = made.whole(odd);
  }

  /** Sets the k-th task aside until what it called has ended. The chunk ends before it; what lies behind it runs elsewhere. */
  async #park(k: number): Promise<void> {
    const { port, calls } = this.#aside as { port: ThreadPort; calls: NestedCalls };
    const { batch, first } = this.#chunk;
    const result = this.#odd as Promise<unknown>;
    this.#odd = undefined;
    this.#oddTask = null;
    this.#running.cell[0] = -1;
    calls.flush();
    this.#setAside++;
    const outcome = result.then(
      (value) => ({ value, error: null }),
      (error) => ({ value: undefined, error: payloadOfThrown(error) }),
    );
    if (k > 0 && this.#watch !== null) await this.yield(); // Rejections of the tasks before it, as at the end of a chunk.
    const before = { ...this.#chunk, count: k, values: this.#chunk.values?.slice(0, k) ?? null };
    const own = before.failures?.get(k) ?? null;
    if (own !== null) before.failures?.delete(k);
    if (before.failures?.size === 0) before.failures = null;
    const index = first + k;
    let parked = 0;
    this.#chunk = noChunk;
    if (k === 0) parked = port.park(index);
    else {
      const ends = finishing(port, () => (parked = port.park(index)));
      await finishChunk(ends, before, this.#findApp, (error) => this.#place(error));
    }
    void outcome.then(({ value, error }) => this.#resume(parked, batch, index, value, own ?? error));
  }

  async #resume(parked: number, batch: BatchInfo, index: number, value: unknown, error: ErrorPayload | null) {
    const { port } = this.#aside as { port: ThreadPort };
    const { element, results } = batch;
    const column = element === null || results === "discard" ? null : newColumn(element, 1);
    const values = column === null && results !== "discard" ? [value] : null;
    const chunk: Chunk = { batch, first: index, count: 1, column, values, failures: null };
    let failure = error;
    if (failure === null && column !== null) {
      if (fits(element as ElementType, value)) column[0] = value as number;
      else failure = misfit(element as ElementType, value);
    }
    if (failure !== null) chunk.failures = new Map([[0, this.#place(failure)]]);
    await finishChunk(
      finishing(port, () => port.resume(parked)),
      chunk,
      this.#findApp,
      (e) => this.#place(e),
    );
    this.#setAside--;
  }

  async #endLater(): Promise<void> {
    await this.yield();
    return await this.#end();
  }

  #end(): void | Promise<void> {
    this.#odd = undefined;
    const chunk = this.#chunk;
    this.#chunk = noChunk; // Its results may be large, and the next chunk late.
    const done = finishChunk(this.#port, chunk, this.#findApp, (error) => this.#place(error));
    this.#running.cell[0] = -1;
    return done;
  }

  #accept(k: number, value: unknown): void {
    const { batch, column, values } = this.#chunk;
    if (column === null) {
      if (values !== null) values[k] = value;
    } else if (fits(batch.element as ElementType, value)) {
      column[k] = value as number;
    } else {
      this.#misfit(k, value);
    }
  }

  #misfit(k: number, value: unknown): void {
    this.#fail(k, misfit(this.#chunk.batch.element as ElementType, value));
  }

  #fail(k: number, error: ErrorPayload): void {
    this.#chunk.failures ??= new Map();
    if (!this.#chunk.failures.has(k)) this.#chunk.failures.set(k, this.#place(error));
  }

  #failAll(error: ErrorPayload): void {
    for (let k = 0; k < this.#chunk.count; k++) this.#fail(k, error);
  }

  #place(error: ErrorPayload): ErrorPayload {
    const { rank, worker } = this.#running;
    return { ...error, data: { ...error.data, rank, worker } };
  }
}
