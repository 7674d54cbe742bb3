/**
 * One map on its way: pieces go out under back-pressure, records come in, failures are kept by index. How the
 * results end is the business of an `End`.
 */

import { CancelledError, type HeddleError } from "../errors.ts";
import type { FailedTask } from "../monitoring/events.ts";
import type {
  BegunTask,
  ElementType,
  Placement,
  ReduceOp,
  SubmitOptions,
  TaskRecord,
  TypedColumn,
} from "../native/binding.ts";
import { RecordKind } from "../native/binding.ts";
import { getters, rowBytes } from "../serialize/columns.ts";
import type { AppDefinition, RetryPolicy } from "../serialize/registry.ts";
import { shortenArguments } from "../serialize/values.ts";
import { argumentsOf } from "./arguments.ts";
import { taskError } from "./failures.ts";
import type { Kernel } from "./kernel.ts";
import { type Arguments, type Known, type MapCache, MapMemo } from "./map-memo.ts";
import type { Piece, Source } from "./piece.ts";
import type { BatchSink } from "./pump.ts";
import { elsewhere, mayRetry } from "./retries.ts";
import { failedTask, type Progress } from "./tally.ts";
import { bytesOfTry } from "./words.ts";

/** How the results of a map end. */
export interface End {
  readonly results: "collect" | "discard" | "reduce";
  readonly element: ElementType | null;
  readonly op: ReduceOp | null;
  readonly reducer: string | null;
  /** True: results are wanted at once, one by one. */
  readonly stream: boolean;
  /** So many tasks at most are submitted as one piece where results are kept; none: any number. */
  readonly partMax?: number;
  /** True: the end itself says when payloads are consumed. */
  readonly creditsLater: boolean;
  /** Where the results of tasks `[first, last)` are to be written; null: nowhere. */
  columnFor(first: number, last: number): TypedColumn | null;
  /** Tasks of a piece are done; their results lie in its column, at `first - pieceFirst`. */
  done(record: TaskRecord, column: TypedColumn | null, pieceFirst: number): void;
  /** Resolves when results that were known may be handed over, because few wait to be taken. None: they never wait. */
  room?(): Promise<void>;
  /** Wakes whoever waits for results one by one. */
  failed(): void;
}

export interface JobOptions {
  seed: bigint;
  walltimeMs: number;
  placement: Placement;
  retries: RetryPolicy | null;
  /** Of the map, among those of whoever made it. */
  number: string;
  /** What is kept of results; null: nothing. */
  cache: MapCache | null;
  /** The user's; null: none. */
  ownSeed: string | null;
  /** It is shown how many tasks run. */
  progress: boolean;
}

const PIECES_MAX = 64; // Under way at once: enough for the widest fabric, and a bound on memory.
const BYTES_MAX = 128 * 1024 * 1024;

export class MapJob {
  readonly app: AppDefinition;
  readonly failures: Map<number, HeddleError> = new Map();
  readonly progress: Progress;
  readonly #kernel: Kernel;
  readonly #source: Source;
  readonly #end: End;
  readonly #options: JobOptions;
  readonly #memo: MapMemo | null;
  readonly #batches = new Map<number, number>();
  readonly #running = new Set<number>();
  /** Of tasks that were tried again. */
  readonly #attempts = new Map<number, { tries: number }>();
  #bytes = 0;
  over = false;
  #cancelled: CancelledError | null = null;
  #room: (() => void) | null = null;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | null = null;

  constructor(kernel: Kernel, app: AppDefinition, source: Source, end: End, options: JobOptions) {
    this.#kernel = kernel;
    this.app = app;
    this.#source = source;
    this.#end = end;
    this.#options = options;
    this.#memo = MapMemo.of(kernel.memo, app, options.cache, end, options.ownSeed);
    this.progress = { done: 0, failed: 0, running: 0, submitted: 0, total: source.total };
  }

  /** Tasks that were submitted so far; in the end, of the map. */
  get tasks(): number {
    return this.progress.submitted;
  }

  /** Runs it all. Rejects when it is cancelled or the fabric ends, not for failed tasks. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#cancelled !== null) return reject(this.#cancelled);
      this.#kernel.tallyOf(this.app).mapBegins(this.progress);
      this.#produce().catch((error) => this.#abort(error));
    });
  }

  /** Ends it: tasks that did not start never do. */
  cancel(): void {
    if (this.#cancelled !== null || this.over) return;
    const { done, total } = this.progress;
    this.#cancelled = new CancelledError(`The map of app "${this.app.name}"`, { data: { done, total } });
    this.#abort(this.#cancelled);
  }

  /** Hands back room for payload that was consumed. */
  credit(batch: number, bytes: number): void {
    if (bytes > 0 && this.#batches.has(batch)) this.#kernel.executor.credit(batch, bytes);
  }

  async #produce(): Promise<void> {
    this.#keeps = this.#memo !== null;
    this.#memo?.begin();
    for (;;) {
      const next = this.#source.next();
      const piece = next instanceof Promise ? await next : next;
      if (this.#settle === null) return;
      if (piece === null) break;
      const parts = this.#memo === null || "error" in piece ? [piece] : this.#memo.cut(piece);
      for (const part of parts) {
        this.#take(part);
        if ("known" in part) await this.#end.room?.();
        if (this.#source.total !== null && part.last === this.#source.total) break;
        await this.#hasRoom();
        if (this.#settle === null) return;
      }
      if (this.#source.total !== null && piece.last === this.#source.total) break;
    }
    this.#produced = true;
    this.progress.total = this.progress.submitted;
    this.#finishIfDone();
  }

  #produced = false;
  #keeps = false;

  /** Nothing more is kept. */
  #endMemo(): void {
    if (this.#keeps) this.#memo?.end();
    this.#keeps = false;
  }

  /** Resolves when another piece may go, in another turn: results that came meanwhile are taken first. */
  async #hasRoom(): Promise<void> {
    if (this.#batches.size >= PIECES_MAX || this.#bytes >= BYTES_MAX)
      await new Promise<void>((go) => (this.#room = go));
    else await new Promise((go) => setImmediate(go));
  }

  #take(piece: Piece | Known): void {
    this.progress.submitted = piece.last;
    if ("known" in piece) return this.#known(piece);
    if ("error" in piece) {
      this.#fail(piece.first, piece.error);
      return;
    }
    this.#send(piece, {});
  }

  /** These were done before. */
  #known({ first, last, bytes }: Known): void {
    const column = this.#columnFor(first, last);
    if (column !== null) new Uint8Array(column.buffer, column.byteOffset, column.byteLength).set(bytes);
    const packed = column === null && bytes.length > 0;
    const payload = packed ? bytes : null;
    const kind = packed ? RecordKind.packed : RecordKind.done;
    this.progress.done += last - first;
    this.#end.done({ batch: -1, kind, first, last, payload, rank: -1 }, column, first);
  }

  #columnFor(first: number, last: number): TypedColumn | null {
    const { results, element } = this.#end;
    return results === "collect" && element !== null ? this.#end.columnFor(first, last) : null;
  }

  #send(piece: Arguments, elsewhere: Partial<Placement>): void {
    const options = { ...this.#submitOptions(piece), ...elsewhere };
    const sink = new PieceSink(this, piece, options.column);
    const batch = this.#kernel.pump.submit(options, sink);
    const bytes = piece.bytes?.length ?? 0;
    this.#batches.set(batch, bytes);
    this.#bytes += bytes;
    sink.batch = batch;
  }

  #submitOptions(piece: Arguments): SubmitOptions {
    const { results, element, op, reducer, stream } = this.#end;
    const { first, last } = piece;
    const { walltimeMs, seed, placement } = this.#options;
    const column = this.#columnFor(first, last);
    const ends = { results, element, op, reducer, column, stream };
    const prefixed = this.app.settings !== undefined;
    const watched = this.#options.progress || this.#kernel.showsProgress;
    return { ...piece, ...placement, ...ends, watched, app: this.app.name, seed, walltimeMs, prefixed };
  }

  /** @internal A task has been running for a while. If its result ever overtakes this news, it counts until the map ends. */
  begun(index: number): void {
    this.#running.add(index);
    this.progress.running = this.#running.size;
  }

  /** These have ended. Of tasks there may be millions, but few of them run. */
  #ran(first: number, last: number): void {
    const running = this.#running;
    if (running.size === 0) return;
    if (last - first < running.size) for (let k = first; k < last; k++) running.delete(k);
    else for (const k of running) if (k >= first && k < last) running.delete(k);
    this.progress.running = running.size;
  }

  /** @internal For its pieces. */
  accept(record: TaskRecord, column: TypedColumn | null, piece: Arguments): void {
    if (this.#settle === null) return;
    const { kind, first, last, payload, batch } = record;
    this.#ran(first, last);
    if (kind === RecordKind.failed) {
      for (let index = first; index < last; index++) {
        const known = { app: this.app.name, index, arguments: argumentsText(this.app, piece, index) };
        this.#failedOrAgain(index, taskError(payload as Uint8Array, known), piece);
      }
    } else {
      this.progress.done += last - first;
      this.#memo?.done(record, column, piece);
      this.#end.done(record, column, piece.first);
    }
    if (kind === RecordKind.failed || !this.#end.creditsLater) this.credit(batch, payload?.length ?? 0);
  }

  #failedOrAgain(index: number, error: HeddleError, piece: Arguments): void {
    const { retries, placement } = this.#options;
    const attempts = this.#attempts.get(index) ?? { tries: 1 };
    if (retries === null || !mayRetry(this.app.name, retries, attempts, error)) {
      this.#memo?.failed(index, piece);
      return this.#fail(index, error);
    }
    this.#kernel.pump.observer?.retried(this.#failedTask(index, error));
    attempts.tries++;
    this.#attempts.set(index, attempts);
    const alone = onlyTask(piece, index, this.app, attempts.tries);
    this.#memo?.alsoOf(piece, alone);
    this.#send(alone, elsewhere(this.app, placement, attempts, error, this.#kernel.executor));
  }

  /** @internal */
  pieceFinished(batch: number): void {
    this.#bytes -= this.#batches.get(batch) ?? 0;
    this.#batches.delete(batch);
    this.#room?.();
    this.#room = null;
    this.#finishIfDone();
  }

  /** @internal */
  aborted(error: HeddleError): void {
    this.#abort(error);
  }

  #fail(index: number, error: HeddleError): void {
    this.progress.failed++;
    this.failures.set(index, error);
    this.#kernel.pump.observer?.failed(this.#failedTask(index, error));
    this.#end.failed();
  }

  #failedTask(index: number, error: HeddleError): FailedTask {
    const tries = this.#attempts.get(index)?.tries ?? 1;
    return failedTask({ app: this.app.name, index, map: this.#options.number, tries }, error);
  }

  #finishIfDone(): void {
    if (!this.#produced || this.#batches.size > 0) return;
    this.over = true;
    this.#endMemo();
    const settle = this.#settle;
    this.#settle = null;
    this.#kernel.tallyOf(this.app).mapEnds(this.progress);
    settle?.resolve();
  }

  #abort(error: unknown): void {
    const settle = this.#settle;
    this.#settle = null;
    this.over = true;
    this.#endMemo();
    this.#kernel.tallyOf(this.app).mapEnds(this.progress);
    this.#source.stop();
    for (const batch of this.#batches.keys()) this.#kernel.pump.cancel(batch);
    this.#batches.clear();
    this.#room?.();
    this.#room = null;
    settle?.reject(error);
  }
}

/** The task `index` of a piece, alone, for its n-th try. */
function onlyTask(piece: Arguments, index: number, app: AppDefinition, tries: number): Arguments {
  const alone = { ...piece, first: index, last: index + 1 };
  if (piece.args === "index") return alone;
  const k = index - piece.first;
  const bytes = piece.bytes as Uint8Array;
  if (piece.args === "fixed") {
    const row = rowBytes(piece.columns ?? []);
    return { ...alone, bytes: bytes.slice(k * row, (k + 1) * row) };
  }
  const own = bytes.slice(piece.offsets?.[k], piece.offsets?.[k + 1]);
  const again = bytesOfTry(app, own, tries);
  return { ...alone, bytes: again, offsets: Uint32Array.of(0, again.length) };
}

class PieceSink implements BatchSink {
  batch = 0;
  readonly #job: MapJob;
  readonly #piece: Arguments;
  readonly #column: TypedColumn | null;

  constructor(job: MapJob, piece: Arguments, column: TypedColumn | null) {
    this.#job = job;
    this.#piece = piece;
    this.#column = column;
  }

  begun({ index }: BegunTask): void {
    this.#job.begun(index);
  }

  record(record: TaskRecord): void {
    this.#job.accept(record, this.#column, this.#piece);
  }

  finished(): void {
    this.#job.pieceFinished(this.batch);
  }

  aborted(error: HeddleError): void {
    this.#job.aborted(error);
  }
}

/** The arguments of task `index`, shortened, from the piece that holds them. */
function argumentsText(app: AppDefinition, piece: Arguments, index: number): string {
  const k = index - piece.first;
  if (piece.args === "index") return String(piece.start + index * piece.step);
  const bytes = piece.bytes as Uint8Array;
  if (piece.args === "fixed") {
    const columns = piece.columns ?? [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = k * rowBytes(columns);
    const values = columns.map((element, c) => getters[element](view, at + rowBytes(columns.slice(0, c))));
    return shortenArguments(values);
  }
  const own = bytes.subarray(piece.offsets?.[k], piece.offsets?.[k + 1]);
  return shortenArguments(argumentsOf(app, own, piece.spread));
}
