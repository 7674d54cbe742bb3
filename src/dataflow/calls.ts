/**
 * Calls made one by one, gathered into batches: those of one turn of the event loop travel together, so a loop of calls
 * costs little more than a map. A turn that makes very many flushes early and goes on.
 */

import { HeddleError } from "../errors.ts";
import type { AppFuture, Home } from "../futures/future.ts";
import type { SubmitOptions, TaskRecord, TypedColumn } from "../native/binding.ts";
import { RecordKind } from "../native/binding.ts";
import { fnv1a64 } from "../native/hash.ts";
import { decode, decodeMany } from "../serialize/codec.ts";
import { newColumn } from "../serialize/columns.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { shortenArguments } from "../serialize/values.ts";
import { argumentsOf } from "./arguments.ts";
import { taskError } from "./failures.ts";
import type { BatchSink, Pump } from "./pump.ts";
import { elsewhere, mayRetry } from "./retries.ts";

const CALLS_MAX = 65_536; // Of one batch; the offsets and futures of more would be felt in one turn.
const BYTES_MAX = 8 * 1024 * 1024;
const BYTES_FIRST = 64; // So small an array costs V8 no memory of its own.

/** Of the kernel what calls need of it. */
export interface SubmitsCalls {
  readonly pump: Pump;
  readonly executor: { readonly ranks: number };
}

interface GathererPlace {
  kernel: SubmitsCalls;
  salt: string;
  numbers: { made: number };
}

/** Gathers the calls of one app. */
export class CallGatherer implements Home {
  /** Calls ever made of the app, with whatever options; each is numbered in the order of the program. */
  readonly numbers: { made: number };
  readonly #app: AppDefinition;
  readonly #kernel: SubmitsCalls;
  readonly #seed: bigint;
  #futures: AppFuture<unknown>[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #offsets: number[] = [];
  #anyCancelled = false;

  constructor(app: AppDefinition, { kernel, salt, numbers }: GathererPlace) {
    this.#app = app;
    this.#kernel = kernel;
    this.numbers = numbers;
    this.#seed = fnv1a64(`calls\0${salt}${app.name}`);
  }

  /** Adds a call whose arguments are encoded; `bytes` are copied. */
  add(future: AppFuture<unknown>, bytes: Uint8Array): void {
    const last = this.#futures.at(-1);
    // A batch holds consecutive calls; one whose inputs took their time begins another.
    if (last !== undefined && last.index + 1 !== future.index) this.flush();
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#offsets.push(this.#length);
    this.#length += bytes.length;
    this.#futures.push(future);
    future.home = this;
    if (this.#futures.length >= CALLS_MAX || this.#length >= BYTES_MAX) this.flush();
  }

  /** One that is gathered is not wanted any more. */
  cancelled(): void {
    this.#anyCancelled = true;
  }

  /** Submits what was gathered; returns how many calls. */
  flush(): number {
    if (this.#anyCancelled) this.#dropCancelled();
    const futures = this.#futures;
    const count = futures.length;
    if (count === 0) return 0;
    const gathered = { bytes: this.#bytes.subarray(0, this.#length), offsets: this.#offsets };
    const options = this.#options(futures[0]?.index as number, count, gathered);
    this.#clear();
    this.#submit(options, futures);
    return count;
  }

  /** A call failed: tries it again, elsewhere if there is another rank, where the app's policy says so. */
  triedAgain(future: AppFuture<unknown>, error: HeddleError, bytes: Uint8Array): boolean {
    if (future.done() || !mayRetry(this.#app, future, error)) return false;
    future.moved("unscheduled", null);
    const options = this.#options(future.index, 1, { bytes: bytes.slice(), offsets: [0] });
    this.#submit({ ...options, ...elsewhere(options, error, this.#kernel.executor.ranks) }, [future]);
    return true;
  }

  #submit(options: SubmitOptions, futures: AppFuture<unknown>[]): void {
    const sink = new CallsSink(this.#app, options, futures, this);
    for (const future of futures) future.moved("launched", sink);
    try {
      sink.batch = this.#kernel.pump.submit(options, sink);
    } catch (error) {
      sink.aborted(
        error instanceof HeddleError ? error : new HeddleError("ERR_INTERNAL", String(error), null, { cause: error }),
      );
    }
  }

  /** @internal None of the batch is wanted. */
  drop(batch: number): void {
    this.#kernel.pump.cancel(batch);
  }

  #dropCancelled(): void {
    this.#anyCancelled = false;
    const futures = this.#futures;
    const offsets = [...this.#offsets, this.#length];
    const bytes = this.#bytes;
    this.#clear();
    futures.forEach((future, k) => {
      if (!future.done()) this.add(future, bytes.subarray(offsets[k], offsets[k + 1]));
    });
  }

  #clear(): void {
    this.#futures = [];
    this.#offsets = [];
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  #options(first: number, count: number, gathered: { bytes: Uint8Array; offsets: number[] }): SubmitOptions {
    const offsets = new Uint32Array(count + 1);
    offsets.set(gathered.offsets);
    offsets[count] = gathered.bytes.length;
    const { returns } = this.#app;
    return {
      app: this.#app.name,
      first,
      last: first + count,
      args: "packed",
      start: 0,
      step: 1,
      columns: null,
      bytes: gathered.bytes,
      offsets,
      spread: true,
      results: "collect",
      element: returns,
      op: null,
      reducer: null,
      column: returns === null ? null : newColumn(returns, count),
      stream: true,
      seed: this.#seed,
      walltimeMs: this.#app.walltimeMs,
      ...this.#app.placement,
    };
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(BYTES_FIRST, 2 * this.#bytes.length, this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Gives the records of a gathered batch to its futures. */
class CallsSink implements BatchSink, Home {
  batch = 0;
  readonly #app: AppDefinition;
  readonly #first: number;
  readonly #column: TypedColumn | null;
  readonly #options: SubmitOptions;
  readonly #futures: (AppFuture<unknown> | null)[];
  readonly #gatherer: CallGatherer;
  #wanted: number;

  constructor(app: AppDefinition, options: SubmitOptions, futures: AppFuture<unknown>[], gatherer: CallGatherer) {
    this.#gatherer = gatherer;
    this.#wanted = futures.length;
    this.#app = app;
    this.#options = options;
    this.#first = options.first;
    this.#column = options.column;
    this.#futures = futures;
  }

  record({ kind, first, last, payload, rank }: TaskRecord): void {
    if (kind === RecordKind.failed) this.#fail(first, last, payload as Uint8Array);
    else if (kind === RecordKind.packed) this.#resolve(first, last, payload as Uint8Array, rank);
    else for (let k = first; k < last; k++) this.#take(k)?.resolve(this.#column?.[k - this.#first], rank);
  }

  /** When none of the batch is wanted, it is ended. */
  cancelled(future: AppFuture<unknown>): void {
    if (this.#take(future.index) !== null && this.#wanted === 0) this.#gatherer.drop(this.batch);
  }

  finished(): void {
    // Every record has come before; a future left here would wait for ever, so say so.
    if (this.#futures.every((future) => future === null)) return;
    this.aborted(new HeddleError("ERR_INTERNAL", `Batch of app "${this.#app.name}" ended without this task.`));
  }

  aborted(error: HeddleError): void {
    for (let k = 0; k < this.#futures.length; k++) this.#take(this.#first + k)?.reject(error);
  }

  #resolve(first: number, last: number, payload: Uint8Array, rank: number): void {
    if (last - first === 1) {
      this.#take(first)?.resolve(decode(payload), rank);
      return;
    }
    const values = decodeMany(payload);
    for (let k = first; k < last; k++) this.#take(k)?.resolve(values[k - first], rank);
  }

  #fail(first: number, last: number, payload: Uint8Array): void {
    for (let index = first; index < last; index++) {
      const future = this.#take(index);
      if (future === null) continue;
      const own = this.#bytesOf(index);
      const error = taskError(payload, { app: this.#app.name, index, arguments: this.#textOf(own) });
      if (this.#app.policy === undefined || !this.#gatherer.triedAgain(future, error, own)) future.reject(error);
    }
  }

  #bytesOf(index: number): Uint8Array {
    const k = index - this.#first;
    const { bytes, offsets } = this.#options;
    return (bytes as Uint8Array).subarray(offsets?.[k], offsets?.[k + 1]);
  }

  #textOf(bytes: Uint8Array): string {
    return shortenArguments(argumentsOf(this.#app, bytes, true));
  }

  #take(index: number): AppFuture<unknown> | null {
    const k = index - this.#first;
    const future = this.#futures[k] ?? null;
    if (future !== null) this.#wanted--;
    this.#futures[k] = null;
    return future;
  }
}
