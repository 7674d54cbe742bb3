/**
 * Carries records from the executor to whom they belong.
 *
 * While a reply is expected within microseconds the pump looks for it on every turn of the event loop, which is much
 * sooner than a notification from another thread; it stops after a moment without one, and never spins when idle.
 */

import type { HeddleError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import type { Observer } from "../monitoring/events.ts";
import { type BegunTask, RecordKind, type SubmitOptions, type TaskRecord } from "../native/binding.ts";
import { errorOfFatal } from "./failures.ts";

/** Whoever waits for a batch. */
export interface BatchSink {
  /** Of a batch that is watched. The task may have ended meanwhile. */
  begun?(task: BegunTask): void;
  record(record: TaskRecord): void;
  /** Nothing more comes. */
  finished(): void;
  /** Nothing more comes, because the fabric ended. */
  aborted(error: HeddleError): void;
}

/** What concerns the whole process, not a batch. */
export interface PumpEvents {
  onFatal(error: HeddleError): void;
  onOverdue(worker: number): void;
  onClosed(): void;
}

const LOOK_MS = 0.05; // A reply of a spinning worker takes 10 us; after this long a notification is as good.
const LOOK_ALONE_MS = 0.25; // One call that is awaited alone: a worker that sleeps needs longer, and nothing else wants this thread.
const SPIN_US = 8; // A turn of Node's event loop takes microseconds of system calls: look a while before each.
const SPIN_ALONE_US = 25; // One call that is awaited alone, by a program that has nothing else to do.
const TURN_MS = 2; // Timers and sockets of the program wait no longer than this for calls awaited one by one.
const KEEP_ALIVE_MS = 0x7fff_ffff;

export class Pump {
  /** Null: nobody wants to know. Set before anything is submitted. */
  observer: Observer | null = null;
  readonly #executor: Executor;
  readonly #events: PumpEvents;
  readonly #sinks = new Map<number, BatchSink>();
  /** Of each batch, where there is an observer. */
  readonly #apps = new Map<number, string>();
  readonly #idle: (() => void)[] = [];
  readonly #keepAlive: NodeJS.Timeout = setInterval(() => {}, KEEP_ALIVE_MS).unref();
  #looking = false;
  #alone = false;
  #activeAt = 0;
  #turnedAt = 0;
  #ended: HeddleError | null = null;

  constructor(executor: Executor, events: PumpEvents) {
    this.#executor = executor;
    this.#events = events;
    executor.onEvents(() => {
      try {
        this.drain();
      } catch (error) {
        setImmediate(() => {
          throw error; // A mistake of ours: thrown to native code it would be a warning, and the program would wait for ever.
        });
      }
    });
  }

  /** Submits a batch whose records go to `sink`. */
  submit(options: SubmitOptions, sink: BatchSink): number {
    if (this.#ended !== null) throw this.#ended;
    const batch = this.#executor.submit(options);
    this.#sinks.set(batch, sink);
    if (this.observer !== null) {
      this.#apps.set(batch, options.app);
      this.observer.submitted(options.app, options.last - options.first);
    }
    this.#keepAlive.ref();
    this.#alone = options.last - options.first === 1 && this.#sinks.size === 1;
    if (options.stream) this.#look();
    return batch;
  }

  /** Ends a batch; nothing of it comes any more. */
  cancel(batch: number): void {
    if (!this.#sinks.delete(batch)) return;
    this.#apps.delete(batch);
    this.#executor.cancel(batch);
    if (this.#sinks.size === 0) this.#becomeIdle();
  }

  /** Hands back room for `bytes` of payload that were consumed. */
  credit(batch: number, bytes: number): void {
    this.#executor.credit(batch, bytes);
  }

  /** Batches that are not finished. */
  get outstanding(): number {
    return this.#sinks.size;
  }

  /** Resolves when no batch is outstanding. */
  whenIdle(): Promise<void> {
    if (this.#sinks.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  drain(): void {
    const { begun, records, finished, overdue, fatal, closed } = this.#executor.drain();
    if (this.observer !== null) this.#tell(this.observer, records);
    for (const task of begun) this.#sinks.get(task.batch)?.begun?.(task);
    for (const record of records) this.#sinks.get(record.batch)?.record(record);
    for (const batch of finished) {
      const sink = this.#sinks.get(batch);
      this.#sinks.delete(batch);
      this.#apps.delete(batch);
      sink?.finished();
    }
    if (records.length > 0) this.#activeAt = performance.now();
    for (const worker of overdue) this.#events.onOverdue(worker);
    if (fatal !== null) this.end(errorOfFatal(fatal));
    if (closed) this.#events.onClosed();
    if (this.#sinks.size === 0) this.#becomeIdle();
  }

  /** Fails everything outstanding; a `fatal` end is told to the program once. */
  end(error: HeddleError, fatal = true): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    for (const sink of this.#sinks.values()) sink.aborted(error);
    this.#sinks.clear();
    this.#becomeIdle();
    clearInterval(this.#keepAlive);
    if (fatal) this.#events.onFatal(error);
  }

  /**
   * Looks for a reply for a few microseconds, without leaving this turn: for when a single call was just submitted. One such call
   * after the other would never let the event loop turn, so that this stops after a while.
   */
  spin(): void {
    if (performance.now() - this.#turnedAt > TURN_MS) return;
    if (this.#executor.waitEvents(this.#alone ? SPIN_ALONE_US : SPIN_US)) this.drain();
  }

  #tell(observer: Observer, records: readonly TaskRecord[]): void {
    for (const { batch, first, last, kind, rank } of records) {
      const app = this.#apps.get(batch);
      if (app !== undefined) observer.ended(app, last - first, kind === RecordKind.failed, rank);
    }
  }

  #becomeIdle(): void {
    this.#keepAlive.unref();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #look(): void {
    this.#activeAt = performance.now();
    if (this.#looking) return;
    this.#looking = true;
    this.#executor.setPolling(true);
    const look = (): void => {
      this.#turnedAt = performance.now();
      if (this.#sinks.size > 0) this.spin();
      const lookMs = this.#alone ? LOOK_ALONE_MS : LOOK_MS;
      if (this.#sinks.size > 0 && performance.now() - this.#activeAt < lookMs) {
        setImmediate(look);
        return;
      }
      this.#looking = false;
      this.#executor.setPolling(false);
      if (this.#executor.hasEvents()) this.drain(); // What came in between is told to nobody else.
    };
    setImmediate(look);
  }
}
