/**
 * Tasks that call apps. The first call that a task makes gives it a scope of its own, which follows it through its awaits; the
 * runner then sets it aside until it has ended, and what it called with it.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { HeddleError } from "../errors.ts";
import type { AppFuture, Dependent } from "../futures/future.ts";
import type { TaskContext } from "./context.ts";

/** A task that has called apps, and what it waits for. */
export class NestedTask implements Dependent {
  readonly context: TaskContext;
  ended = false;
  #outstanding = 0;
  #moved: (() => void) | null = null;
  #reject: ((error: unknown) => void) | null = null;
  readonly #failed: AppFuture<unknown>[] = [];

  readonly #scope: TaskScope;

  constructor(context: TaskContext, scope: TaskScope) {
    this.context = context;
    this.#scope = scope;
  }

  /** It made a call. */
  owns(future: AppFuture<unknown>): void {
    this.#outstanding++;
    future.listen(this);
  }

  inputSettled(future: AppFuture<unknown>): void {
    if (future.state === "failed" || future.state === "dependency-failed") this.#failed.push(future);
    this.#end();
  }

  /** It started a map. */
  awaits(job: PromiseLike<unknown>): void {
    this.#outstanding++;
    const end = (): void => this.#end();
    job.then(end, end);
  }

  /** A promise that it made was rejected, and nobody handled it. */
  fail(error: unknown): void {
    this.#reject?.(error);
  }

  /** Its result, once everything that it called has ended too. A call that failed and was not awaited is its failure. */
  whole(result: unknown): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      this.#reject = reject;
      this.#finish(result)
        .finally(() => this.#lastTurn())
        .then(resolve, reject);
    }).finally(() => {
      this.ended = true;
      for (const future of this.#failed) future.dismiss();
    });
  }

  async #finish(result: unknown): Promise<unknown> {
    const value = await result;
    while (this.#outstanding > 0) await new Promise<void>((resolve) => (this.#moved = resolve));
    const failed = this.#failed.find((future) => !future.observed);
    if (failed === undefined) return value;
    const message = `The task called ${failed.id}, which failed and was never awaited.`;
    throw new HeddleError("ERR_UNAWAITED", message, "await every future", { cause: failed.outcome });
  }

  /** Node.js tells of rejections that nobody handled after everything else of a turn. */
  async #lastTurn(): Promise<void> {
    this.#scope.ending++;
    await new Promise((resolve) => setImmediate(resolve));
    this.#scope.ending--;
  }

  #end(): void {
    this.#outstanding--;
    this.#moved?.();
  }
}

/** Which task of this thread is running, where tasks overlap. */
export class TaskScope {
  /** Made by the first call of the running task, until the runner takes it. */
  made: NestedTask | null = null;
  /** The runner waits for the running task: told of its first call. */
  onMade: (() => void) | null = null;
  /** Tasks that wait for the event loop to turn once more. */
  ending = 0;
  readonly #store = new AsyncLocalStorage<NestedTask | undefined>();
  #used = false;

  /** The task that runs, if it has called apps. */
  current(): NestedTask | undefined {
    return this.#used ? this.#store.getStore() : undefined;
  }

  /** The same; begins one with this context where there is none. */
  enter(context: () => TaskContext): NestedTask {
    const known = this.current();
    if (known !== undefined) return known;
    this.#used = true;
    const task = new NestedTask(context(), this);
    this.#store.enterWith(task);
    this.made = task;
    this.onMade?.();
    return task;
  }

  /** The runner goes on: what it does is part of no task. Returns the task that was made. */
  take(): NestedTask | null {
    const task = this.made;
    this.made = null;
    if (this.#used) this.#store.enterWith(undefined);
    return task;
  }
}

/** What the thread's loop needs of the calls of its tasks. */
export interface NestedCalls {
  /** Submits what was called so far. */
  flush(): void;
  /** Gives out the results that have come. */
  drain(): void;
}

/** Opens it for a worker. */
export type OpenNested = (place: {
  sessionId: number;
  worker: number;
  executor: string;
  scope: TaskScope;
}) => NestedCalls;

const KEY = Symbol.for("heddle.nested");
const holder = globalThis as unknown as Record<symbol, (() => Promise<OpenNested>) | undefined>;

/** Apps say how their calls are opened inside tasks; they lie in a layer above this one. */
export function setNestedLoader(load: () => Promise<OpenNested>): void {
  holder[KEY] = load;
}

/** @internal */
export function nestedLoader(): (() => Promise<OpenNested>) | undefined {
  return holder[KEY];
}
