/**
 * The addon's session in plain objects. Numbers cross in memory that both sides share: a property that native code reads or
 * writes by name has its name made a string each time, and a single call had forty of them.
 */

import type {
  BegunTask,
  Drained,
  NativeSession,
  Need,
  RecordKind,
  SessionOptions,
  SubmitOptions,
  TaskRecord,
} from "./binding.ts";
import { fnv1a64 } from "./hash.ts";
import { loadBinding } from "./load.ts";
import { NewsKind, NewsRow, SubmitSlot, submitWords } from "./slots.ts";

/** Opens the one session of this process; throws Error with `code` on failure. */
export function openSession(options: SessionOptions): Session {
  return new Session(loadBinding().open(options));
}

/** In a JS worker: joins it, for what its tasks submit. */
export function joinSession(id: number, worker: number): Session {
  return new Session(loadBinding().join(id, worker));
}

export class Session {
  readonly native: NativeSession;
  readonly #slots: Float64Array;
  readonly #bits: BigUint64Array;
  readonly #small: Uint8Array;
  readonly #smallOffsets: Uint32Array;
  readonly #news: Float64Array;
  readonly #payloads: Uint8Array;
  readonly #appIds = new Map<string, bigint>();
  #tokens: string[] | null = null;

  constructor(native: NativeSession) {
    this.native = native;
    this.#slots = native.slots;
    this.#bits = new BigUint64Array(this.#slots.buffer, this.#slots.byteOffset, this.#slots.length);
    this.#small = native.small;
    this.#smallOffsets = new Uint32Array(this.#small.buffer, this.#small.byteOffset, this.#small.length / 4);
    this.#news = native.news;
    this.#payloads = native.payloads;
  }

  /** Returns the batch's number (counts from 1). */
  submit(options: SubmitOptions): number {
    const slots = this.#slots;
    this.#bits[SubmitSlot.app] = this.#appId(options.app);
    this.#bits[SubmitSlot.reducer] = options.reducer === null ? 0n : this.#appId(options.reducer);
    this.#bits[SubmitSlot.seed] = options.seed;
    slots[SubmitSlot.first] = options.first;
    slots[SubmitSlot.last] = options.last;
    slots[SubmitSlot.args] = submitWords.args.indexOf(options.args);
    slots[SubmitSlot.results] = submitWords.results.indexOf(options.results);
    slots[SubmitSlot.element] = submitWords.element.indexOf(options.element ?? "any");
    slots[SubmitSlot.op] = submitWords.op.indexOf(options.op ?? "app");
    slots[SubmitSlot.start] = options.start;
    slots[SubmitSlot.step] = options.step;
    slots[SubmitSlot.stream] = (options.stream ? 1 : 0) + (options.watched === true ? 2 : 0);
    slots[SubmitSlot.spread] = options.prefixed === true ? 2 : options.spread ? 1 : 0;
    slots[SubmitSlot.walltimeMs] = options.walltimeMs;
    slots[SubmitSlot.priority] = options.priority;
    slots[SubmitSlot.placement] = submitWords.placement.indexOf(options.placement);
    slots[SubmitSlot.target] = options.target;
    this.#putNeed(options.need);
    const columns = options.columns ?? [];
    slots[SubmitSlot.columnCount] = columns.length;
    for (const [k, element] of columns.slice(0, slots.length - SubmitSlot.columns).entries()) {
      slots[SubmitSlot.columns + k] = submitWords.element.indexOf(element);
    }
    const small = this.#putSmall(options);
    return this.native.submit(small ? null : options.bytes, small ? null : options.offsets, options.column);
  }

  #putNeed(need: Need | null): void {
    const slots = this.#slots;
    slots[SubmitSlot.cores] = need?.cores ?? 0;
    if (need === null) return;
    slots[SubmitSlot.gpus] = need.gpus;
    slots[SubmitSlot.memory] = need.memory;
    this.#tokens ??= this.native.layout.tokens.map(({ name }) => name);
    slots.fill(0, SubmitSlot.tokens, SubmitSlot.smallBytes);
    for (const { name, count } of need.tokens) slots[SubmitSlot.tokens + this.#tokens.indexOf(name)] = count;
  }

  #putSmall({ bytes, offsets }: SubmitOptions): boolean {
    this.#slots[SubmitSlot.smallBytes] = -1;
    if (bytes === null) return false;
    const at = Math.ceil(bytes.length / 4);
    if (4 * (at + (offsets?.length ?? 0)) > this.#small.length) return false;
    this.#slots[SubmitSlot.smallBytes] = bytes.length;
    this.#small.set(bytes);
    if (offsets !== null) this.#smallOffsets.set(offsets, at);
    return true;
  }

  drain(): Drained {
    const drained: Drained = { begun: [], records: [], finished: [], overdue: [], fatal: null, closed: false };
    for (;;) {
      const taken = this.native.takeNews();
      const rows = taken < 0 ? -1 - taken : taken;
      for (let k = 0; k < rows; k++) this.#read(k * NewsRow.size, drained);
      if (taken >= 0) return drained;
    }
  }

  #read(row: number, drained: Drained): void {
    const news = this.#news;
    const kind = news[row] as number;
    const number = news[row + NewsRow.batch] as number;
    if (kind === NewsKind.begun) drained.begun.push(this.#begun(row, number));
    else if (kind === NewsKind.finished) drained.finished.push(number);
    else if (kind === NewsKind.overdue) drained.overdue.push(number);
    else if (kind === NewsKind.fatal) drained.fatal = this.native.fatal();
    else if (kind === NewsKind.closed) drained.closed = true;
    else drained.records.push(this.#record(row, kind as RecordKind, number));
  }

  #begun(row: number, batch: number): BegunTask {
    const [index, worker, rank] = [NewsRow.first, NewsRow.last, NewsRow.rank].map((k) => this.#news[row + k] as number);
    return { batch, index, worker, rank } as BegunTask;
  }

  #record(row: number, kind: RecordKind, batch: number): TaskRecord {
    const news = this.#news;
    const offset = news[row + NewsRow.offset] as number;
    const length = news[row + NewsRow.length] as number;
    let payload: Uint8Array | null = null;
    if (offset < 0) payload = this.native.payload(-1 - offset);
    else if (length > 0) payload = this.#payloads.slice(offset, offset + length);
    return {
      batch,
      kind,
      first: news[row + NewsRow.first] as number,
      last: news[row + NewsRow.last] as number,
      payload,
      rank: news[row + NewsRow.rank] as number,
    };
  }

  #appId(name: string): bigint {
    let id = this.#appIds.get(name);
    if (id === undefined) {
      id = fnv1a64(name);
      this.#appIds.set(name, id);
    }
    return id;
  }
}
