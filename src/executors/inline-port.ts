/** The runner's port where there is no addon: chunks are loaded by hand, and finished ones become records at once. */

import { RecordKind, type ReduceOp, type SubmitOptions, type TaskRecord, type TypedColumn } from "../native/binding.ts";
import { type BatchInfo, ChunkInfo, Next, type WorkerPort } from "../native/port.ts";
import { rowBytes } from "../serialize/columns.ts";
import { encodePartial, reduceColumn } from "../serialize/reduce.ts";

const nothing = new Uint8Array(0);

export class InlinePort implements WorkerPort {
  readonly info: Float64Array = new Float64Array(5);
  readonly current: Float64Array = new Float64Array([-1]);
  args: Uint8Array = nothing;
  devices: string[] = [];
  readonly #gpus: readonly string[];
  readonly #report: (record: TaskRecord) => void;
  readonly #batches = new Map<number, SubmitOptions>();
  #number = 0;

  constructor(gpus: readonly string[], report: (record: TaskRecord) => void) {
    this.#gpus = gpus;
    this.#report = report;
  }

  /** Makes tasks `[first, last)` of a batch the next chunk. */
  load(number: number, options: SubmitOptions, first: number, last: number): void {
    this.#batches.set(number, options);
    this.#number = number;
    this.args = argumentBytes(options, first, last);
    this.devices = this.#gpus.slice(0, options.need?.gpus ?? 0);
    this.info[ChunkInfo.kindKey] = number;
    this.info[ChunkInfo.sequence] = number;
    this.info[ChunkInfo.first] = first;
    this.info[ChunkInfo.last] = last;
    this.info[ChunkInfo.argsBytes] = this.args.length;
    this.info[ChunkInfo.argsCapacity] = -1; // Other memory each time.
  }

  forget(number: number): void {
    this.#batches.delete(number);
  }

  next(): number {
    return Next.chunk;
  }

  batch(key: number): BatchInfo {
    const options = this.#options(key);
    return {
      app: options.app,
      owner: 0,
      args: options.args,
      start: options.start,
      step: options.step,
      columns: options.columns,
      spread: options.spread,
      prefixed: options.prefixed === true,
      results: options.results,
      element: options.element,
      op: options.op,
      reducer: options.reducer,
      seed: options.seed,
      cores: options.need?.cores ?? 1,
      gpus: options.need?.gpus ?? 0,
      tokens: (options.need?.tokens.length ?? 0) > 0,
    };
  }

  finishColumn(column: TypedColumn | null): void {
    const { first, last } = this.#chunk();
    this.#finish(RecordKind.done, first, last, null, column);
  }

  finishPacked(bytes: Uint8Array, length: number): void {
    const { first, last } = this.#chunk();
    this.#finish(RecordKind.packed, first, last, bytes.subarray(0, length), null);
  }

  finishRecords(records: Float64Array, bytes: Uint8Array, column: TypedColumn | null): void {
    for (let at = 0; at < records.length; at += 5) {
      const [kind, first, last, offset, length] = records.subarray(at, at + 5) as unknown as number[];
      const payload = bytes.subarray(offset, (offset as number) + (length as number));
      this.#finish(kind as RecordKind, first as number, last as number, payload, column);
    }
  }

  #finish(kind: RecordKind, first: number, last: number, payload: Uint8Array | null, column: TypedColumn | null): void {
    const options = this.#options(this.#number);
    const batch = this.#number;
    if (kind !== RecordKind.done) {
      this.#report({ batch, kind, first, last, payload: Buffer.from(payload ?? nothing), rank: 0 });
      return;
    }
    const from = first - (this.info[ChunkInfo.first] as number);
    const part = column?.subarray(from, from + last - first) ?? null;
    if (options.results === "reduce" && part !== null) {
      for (const block of reduceColumn(options.op as ReduceOp, options.element, first, part)) {
        const value = Buffer.from(encodePartial(options.op as ReduceOp, options.element, block.value));
        this.#report({
          batch,
          kind: RecordKind.partial,
          first: block.first,
          last: block.last,
          payload: value,
          rank: 0,
        });
      }
      return;
    }
    // The column given at submit and the runner's have one element type.
    if (part !== null) options.column?.set(part as never, first - options.first);
    this.#report({ batch, kind, first, last, payload: null, rank: 0 });
  }

  #chunk(): { first: number; last: number } {
    return { first: this.info[ChunkInfo.first] as number, last: this.info[ChunkInfo.last] as number };
  }

  #options(number: number): SubmitOptions {
    const options = this.#batches.get(number);
    if (options === undefined) throw new Error(`batch ${number} is not known here`);
    return options;
  }
}

function argumentBytes(options: SubmitOptions, first: number, last: number): Uint8Array {
  const from = first - options.first;
  const to = last - options.first;
  if (options.args === "index" || options.bytes === null) return nothing;
  if (options.args === "fixed") {
    const width = rowBytes(options.columns ?? []);
    return options.bytes.subarray(from * width, to * width);
  }
  return options.bytes.subarray(options.offsets?.[from], options.offsets?.[to]);
}
