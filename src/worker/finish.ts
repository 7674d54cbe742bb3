/** How a chunk ends: whole, in pieces around its failures, or folded by a reducer app. */

import type { TypedColumn } from "../native/binding.ts";
import { RecordKind } from "../native/binding.ts";
import type { BatchInfo, WorkerPort } from "../native/port.ts";
import { alignedBlocks, foldTreeAsync } from "../serialize/blocks.ts";
import { encodeManyShared, encodeShared, releaseShared } from "../serialize/codec.ts";
import { type ErrorPayload, payloadOf, payloadOfThrown } from "../serialize/errors.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { findUnencodable, type Unencodable } from "../serialize/values.ts";

/** A chunk and what became of its tasks. */
export interface Chunk {
  batch: BatchInfo;
  /** Index of its first task, and how many there are. */
  first: number;
  count: number;
  /** Results: of numbers, of anything, or neither where they are discarded. */
  column: TypedColumn | null;
  values: unknown[] | null;
  /** By position in the chunk. */
  failures: Map<number, ErrorPayload> | null;
}

export const noChunk: Chunk = {
  batch: null as never,
  first: 0,
  count: 0,
  column: null,
  values: null,
  failures: null,
};

/** The end of a worker's port that takes what became of a chunk. */
export type FinishPort = Pick<WorkerPort, "finishColumn" | "finishPacked" | "finishRecords">;

type FindApp = (name: string) => AppDefinition | undefined;

/** Hands the chunk back. `place` adds rank and worker to an error. */
export function finishChunk(
  port: FinishPort,
  chunk: Chunk,
  findApp: FindApp,
  place: (error: ErrorPayload) => ErrorPayload,
): void | Promise<void> {
  if (chunk.batch.results === "reduce" && chunk.batch.op === null) return finishFolded(port, chunk, findApp, place);
  if (chunk.failures === null) {
    if (chunk.values === null) return port.finishColumn(chunk.column);
    const packed = tryPack(chunk.values);
    if (packed !== null) {
      port.finishPacked(packed, packed.length);
      return releaseShared();
    }
    dropUnencodable(chunk, place);
  }
  const pieces = new Pieces(port, chunk.column);
  eachRun(chunk, (from, to) => {
    const { first, values } = chunk;
    if (values === null) return pieces.add(RecordKind.done, first + from, first + to, null);
    const packed = tryPack(values.slice(from, to));
    if (packed !== null) return pieces.add(RecordKind.packed, first + from, first + to, packed);
    // Only values that no search can tell from good ones come here, such as one whose toJSON throws.
    for (let k = from; k < to; k++) packOne(pieces, chunk, k, place);
  });
  addFailures(pieces, chunk);
  pieces.finish();
}

function packOne(pieces: Pieces, chunk: Chunk, k: number, place: (error: ErrorPayload) => ErrorPayload): void {
  const index = chunk.first + k;
  try {
    pieces.add(RecordKind.packed, index, index + 1, encodeShared((chunk.values as unknown[])[k]));
  } catch (error) {
    const payload = place(payloadOf("ERR_RESULT", "the result cannot be encoded", null, { cause: error }));
    pieces.add(RecordKind.failed, index, index + 1, encodeShared(payload));
  }
}

async function finishFolded(
  port: FinishPort,
  chunk: Chunk,
  findApp: FindApp,
  place: (error: ErrorPayload) => ErrorPayload,
): Promise<void> {
  const pieces = new Pieces(port, null);
  const name = chunk.batch.reducer ?? "";
  const reducer = findApp(name)?.fn as ((left: unknown, right: unknown) => unknown) | null | undefined;
  const values = (chunk.values ?? chunk.column) as ArrayLike<unknown>;
  const runs: [number, number][] = [];
  eachRun(chunk, (from, to) => runs.push(...alignedBlocks(chunk.first + from, chunk.first + to)));
  for (const [first, last] of runs) {
    try {
      if (typeof reducer !== "function") throw new Error(`this worker knows no app "${name}"`);
      const value = await foldTreeAsync(values, first - chunk.first, last - chunk.first, reducer);
      pieces.add(RecordKind.partial, first, last, encodeShared(value));
    } catch (error) {
      const payload = payloadOfThrown(error);
      pieces.add(
        RecordKind.failed,
        first,
        last,
        encodeShared(place({ ...payload, data: { ...payload.data, reducer: name } })),
      );
    }
  }
  addFailures(pieces, chunk);
  pieces.finish();
}

function tryPack(values: unknown[]): Uint8Array | null {
  try {
    return encodeManyShared(values);
  } catch {
    return null;
  }
}

function dropUnencodable(chunk: Chunk, place: (error: ErrorPayload) => ErrorPayload): void {
  chunk.failures ??= new Map();
  chunk.values?.forEach((value, k) => {
    const found = findUnencodable(value, true);
    if (found === null) return;
    chunk.failures?.set(k, place(unencodable(found)));
  });
}

/** The error of a result with such a part. */
export function unencodable({ path, what }: Unencodable): ErrorPayload {
  const message = `the result${path === "" ? "" : `, at ${path},`} is ${what}, which cannot be encoded`;
  return payloadOf("ERR_RESULT", message, "return plain data");
}

/** Calls `run(from, to)` for each longest run of positions without a failure. */
function eachRun(chunk: Chunk, run: (from: number, to: number) => void): void {
  const failed = [...(chunk.failures?.keys() ?? [])].sort((a, b) => a - b);
  let from = 0;
  for (const k of [...failed, chunk.count]) {
    if (k > from) run(from, k);
    from = k + 1;
  }
}

function addFailures(pieces: Pieces, chunk: Chunk): void {
  for (const [k, error] of chunk.failures ?? []) {
    pieces.add(RecordKind.failed, chunk.first + k, chunk.first + k + 1, encodeShared(error));
  }
}

/** A port that says first which tasks it is that end. */
export function finishing(port: FinishPort, begin: () => void): FinishPort {
  return {
    finishColumn(column) {
      begin();
      port.finishColumn(column);
    },
    finishPacked(bytes, length) {
      begin();
      port.finishPacked(bytes, length);
    },
    finishRecords(records, bytes, column) {
      begin();
      port.finishRecords(records, bytes, column);
    },
  };
}

/** The records of a chunk that ends in pieces. */
class Pieces {
  readonly #port: FinishPort;
  readonly #column: TypedColumn | null;
  readonly #records: number[][] = [];
  #bytes: Uint8Array = new Uint8Array(1024);
  #length = 0;

  constructor(port: FinishPort, column: TypedColumn | null) {
    this.#port = port;
    this.#column = column;
  }

  add(kind: RecordKind, first: number, last: number, payload: Uint8Array | null): void {
    const length = payload?.length ?? 0;
    this.#records.push([kind, first, last, this.#length, length]);
    if (payload === null) return;
    if (this.#length + length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(payload, this.#length);
    this.#length += length;
  }

  finish(): void {
    const sorted = this.#records.sort((a, b) => (a[1] as number) - (b[1] as number));
    this.#port.finishRecords(Float64Array.from(sorted.flat()), this.#bytes.subarray(0, this.#length), this.#column);
  }
}
