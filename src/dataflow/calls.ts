/**
 * Calls made one by one, gathered into batches: those of one turn of the event loop travel together, so a loop of calls
 * costs little more than a map. A turn that makes very many flushes early and goes on.
 */

import { HeddleError } from "../errors.ts";
import type { AppFuture, Home } from "../futures/future.ts";
import type { RunningCall } from "../monitoring/events.ts";
import type { BegunTask, SubmitOptions, TaskRecord, TypedColumn } from "../native/binding.ts";
import { RecordKind } from "../native/binding.ts";
import { fnv1a64 } from "../native/hash.ts";
import { decode, decodeMany } from "../serialize/codec.ts";
import { newColumn } from "../serialize/columns.ts";
import { decodeError, type ErrorPayload } from "../serialize/errors.ts";
import type { AppDefinition, RetryPolicy } from "../serialize/registry.ts";
import { shortenArguments } from "../serialize/values.ts";
import { argumentsOf } from "./arguments.ts";
import { missingOutputs, taskErrorOf } from "./failures.ts";
import { withNumbers } from "./numbers.ts";
import type { BatchSink, Pump } from "./pump.ts";
import { elsewhere, mayRetry, policyOfRetries, type Where } from "./retries.ts";
import { type AppTally, failedTask } from "./tally.ts";
import { bytesOfTry } from "./words.ts";

const CALLS_MAX = 65_536; // Of one batch; the offsets and futures of more would be felt in one turn.
const BYTES_MAX = 8 * 1024 * 1024;
const CREDIT_BYTES = 1024 * 1024; // A rank stops at sixteen times as much; to say each result would cost each call.
const BYTES_FIRST = 64; // So small an array costs V8 no memory of its own.

/** Of the kernel what calls need of it. */
export interface SubmitsCalls {
  readonly pump: Pump;
  readonly executor: Where;
  /** Of apps that say nothing of it. */
  readonly retries: RetryPolicy | null;
  /** Lets whoever waits for all calls wait for this. */
  track(job: Promise<unknown>): void;
}

/** Arguments one after the other, and where each begins. */
interface Gathered {
  bytes: Uint8Array;
  offsets: number[];
}

interface GathererPlace {
  kernel: SubmitsCalls;
  salt: string;
  numbers: { made: number };
  tally: AppTally;
}

/** Gathers the calls of one app. */
export class CallGatherer implements Home {
  /** Calls ever made of the app, with whatever options; each is numbered in the order of the program. */
  readonly numbers: { made: number };
  readonly tally: AppTally;
  readonly #app: AppDefinition;
  readonly #kernel: SubmitsCalls;
  readonly #seed: bigint;
  #futures: AppFuture<unknown>[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #offsets: number[] = [];
  #anyCancelled = false;
  #anyOrder = false;

  constructor(app: AppDefinition, { kernel, salt, numbers, tally }: GathererPlace) {
    this.tally = tally;
    this.#app = app;
    this.#kernel = kernel;
    this.numbers = numbers;
    this.#seed = fnv1a64(`calls\0${salt}${app.name}`);
  }

  /** Adds a call whose arguments are encoded; `bytes` are copied. */
  add(future: AppFuture<unknown>, bytes: Uint8Array): void {
    const last = this.#futures.at(-1);
    if (last !== undefined && last.index + 1 !== future.index) {
      // Calls whose inputs took their time come in any order: functions are told their numbers, others must be consecutive.
      if (this.#app.kind === "js" && this.#app.native === null) this.#anyOrder = true;
      else this.flush();
    }
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
    const first = futures[0]?.index as number;
    const options = this.#anyOrder ? this.#numbered(futures, gathered) : this.#options(first, count, gathered);
    this.#clear();
    this.#submit(options, futures, gathered);
    return count;
  }

  /** @internal A worker has been at a call for a while. */
  running(call: RunningCall): void {
    this.#kernel.pump.observer?.running(this.#app.name, call);
  }

  /** A call failed: tries it again, elsewhere if there is another rank, where the app's policy says so. */
  triedAgain(future: AppFuture<unknown>, error: HeddleError, bytes: Uint8Array): boolean {
    const { name } = this.#app;
    const retries = policyOfRetries(this.#app, this.#kernel.retries);
    if (retries === null || future.done() || !mayRetry(name, retries, future, error)) return false;
    const { index, tries } = future;
    this.#kernel.pump.observer?.retried(failedTask({ app: name, index, map: null, tries }, error));
    future.moved("unscheduled", null);
    const gathered = { bytes: bytesOfTry(this.#app, bytes, future.tries + 1).slice(), offsets: [0] };
    const options = this.#options(future.index, 1, gathered);
    const place = elsewhere(this.#app, options, future, error, this.#kernel.executor);
    this.#submit({ ...options, ...place }, [future], gathered);
    return true;
  }

  #submit(options: SubmitOptions, futures: AppFuture<unknown>[], gathered: Gathered): void {
    const sink = new CallsSink(this.#app, options, { futures, gathered, gatherer: this });
    for (const future of futures) future.moved("launched", sink);
    try {
      sink.batch = this.#kernel.pump.submit(options, sink);
    } catch (error) {
      sink.aborted(
        error instanceof HeddleError ? error : new HeddleError("ERR_INTERNAL", String(error), null, { cause: error }),
      );
    }
  }

  /** @internal Ended well, but for the files that it was to make: it is over when they are found, and else failed. */
  endedWith(files: Promise<readonly string[]>, end: (missing: readonly string[]) => void): void {
    this.#kernel.track(files.then(end));
  }

  /** @internal None of the batch is wanted. */
  drop(batch: number): void {
    this.#kernel.pump.cancel(batch);
  }

  /** @internal So many bytes of results of the batch have been taken. */
  consumed(batch: number, bytes: number): void {
    this.#kernel.pump.credit(batch, bytes);
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
    this.#anyOrder = false;
  }

  /** Indexes from 0 on; each task is told its number before its arguments. */
  #numbered(futures: readonly AppFuture<unknown>[], { bytes, offsets }: Gathered): SubmitOptions {
    const numbers = futures.map(({ index }) => index);
    const numbered = withNumbers(numbers, bytes, offsets);
    return { ...this.#options(0, futures.length, numbered), prefixed: true };
  }

  #options(first: number, count: number, gathered: Gathered): SubmitOptions {
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
      watched: true,
      seed: this.#seed,
      walltimeMs: this.#app.walltimeMs,
      prefixed: this.#app.settings !== undefined,
      ...this.#app.placement,
    };
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(BYTES_FIRST, 2 * this.#bytes.length, this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

interface CallsOf {
  futures: AppFuture<unknown>[];
  /** Their arguments. */
  gathered: Gathered;
  gatherer: CallGatherer;
}

/** Gives the records of a gathered batch to its futures. */
class CallsSink implements BatchSink, Home {
  batch = 0;
  readonly #app: AppDefinition;
  readonly #first: number;
  readonly #column: TypedColumn | null;
  readonly #gathered: Gathered;
  readonly #futures: (AppFuture<unknown> | null)[];
  #positions: Map<AppFuture<unknown> | null, number> | null = null;
  readonly #gatherer: CallGatherer;
  #wanted: number;
  /** Bytes of results that were taken, and not yet said to be. */
  #taken = 0;

  constructor(app: AppDefinition, options: SubmitOptions, { futures, gathered, gatherer }: CallsOf) {
    this.#gatherer = gatherer;
    this.#wanted = futures.length;
    this.#app = app;
    this.#gathered = gathered;
    this.#first = options.first;
    this.#column = options.column;
    this.#futures = futures;
  }

  begun({ index, rank, worker }: BegunTask): void {
    const future = this.#futures[index - this.#first] ?? null;
    if (future?.state !== "launched") return;
    future.moved("running", this);
    this.#gatherer.running({ index: future.index, rank, slot: worker });
  }

  record({ kind, first, last, payload, rank }: TaskRecord): void {
    if (kind === RecordKind.failed) this.#fail(first, last, payload as Uint8Array);
    else if (kind === RecordKind.packed) this.#resolve(first, last, payload as Uint8Array, rank);
    else for (let k = first; k < last; k++) this.#done(k, this.#column?.[k - this.#first], rank);
    this.#taken += payload?.length ?? 0;
    if (this.#taken < CREDIT_BYTES) return;
    this.#gatherer.consumed(this.batch, this.#taken);
    this.#taken = 0;
  }

  /** When none of the batch is wanted, it is ended. */
  cancelled(future: AppFuture<unknown>): void {
    const direct = future.index - this.#first;
    const k = this.#futures[direct] === future ? direct : this.#positionOf(future);
    if (this.#take(this.#first + k) !== null && this.#wanted === 0) this.#gatherer.drop(this.batch);
  }

  /** Of a future of a batch in any order. */
  #positionOf(future: AppFuture<unknown>): number {
    this.#positions ??= new Map(this.#futures.map((one, k) => [one, k]));
    return this.#positions.get(future) ?? -1;
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
      this.#done(first, decode(payload), rank);
      return;
    }
    const values = decodeMany(payload);
    for (let k = first; k < last; k++) this.#done(k, values[k - first], rank);
  }

  #done(index: number, value: unknown, rank: number): void {
    const future = this.#take(index);
    const missing = future?.files?.missing ?? null;
    if (future === null || missing === null) return future?.resolve(value, rank);
    future.home = null; // Nothing of it runs any more.
    this.#gatherer.endedWith(missing(rank), (paths) => {
      if (paths.length === 0) future.resolve(value, rank);
      else this.#failed(future, this.#bytesOf(index), missingOutputs(paths, rank));
    });
  }

  #fail(first: number, last: number, payload: Uint8Array): void {
    for (let index = first; index < last; index++) {
      const future = this.#take(index);
      if (future === null) continue;
      this.#failed(future, this.#bytesOf(index), decodeError(payload));
    }
  }

  #failed(future: AppFuture<unknown>, own: Uint8Array, payload: ErrorPayload): void {
    const error = taskErrorOf(payload, { app: this.#app.name, index: future.index, arguments: this.#textOf(own) });
    if (!this.#gatherer.triedAgain(future, error, own)) future.reject(error);
  }

  #bytesOf(index: number): Uint8Array {
    const k = index - this.#first;
    const { bytes, offsets } = this.#gathered;
    return bytes.subarray(offsets[k], offsets[k + 1]);
  }

  #textOf(bytes: Uint8Array): string {
    if (this.#app.name.startsWith("heddle:")) return ""; // Addresses of files, perhaps with passwords; their errors name them without.
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
