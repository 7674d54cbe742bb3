/** Native apps on the main thread, for the `inline` executor: chunks as native slots would run them. */

import type { NativeEntry, SubmitOptions, TypedColumn } from "../native/binding.ts";
import { loadBinding } from "../native/load.ts";
import { decode } from "../serialize/codec.ts";
import { newColumn, rowBytes } from "../serialize/columns.ts";
import { decodeError, type ErrorPayload } from "../serialize/errors.ts";
import { finishChunk } from "../worker/finish.ts";
import type { InlinePort } from "./inline-port.ts";

/** Runs tasks `[first, last)` of a batch that `port` has loaded. */
export function runNativeChunk(
  port: InlinePort,
  number: number,
  options: SubmitOptions,
  range: { first: number; last: number },
  native: NativeEntry,
): void {
  const binding = loadBinding();
  const { element, results } = options;
  const count = range.last - range.first;
  const wanted = results !== "discard";
  const column = wanted && element !== null ? newColumn(element, count) : null;
  const values = wanted && element === null ? new Array<unknown>(count) : null;
  const failures = new Map<number, ErrorPayload>();
  const word = new DataView(new ArrayBuffer(8));
  for (let k = 0; k < count; k++) {
    const { bits, bytes, error } = binding.callNative(native, argumentsAt(options, range.first + k), values !== null);
    if (error !== null) failures.set(k, decodeError(error));
    else if (values !== null) values[k] = decode(bytes as Uint8Array);
    else if (column !== null) put(column, k, word, bits);
  }
  const batch = port.batch(number);
  const chunk = { batch, first: range.first, count, column, values, failures: failures.size > 0 ? failures : null };
  void finishChunk(
    port,
    chunk,
    () => undefined,
    (error) => error,
  );
}

// An f64 of the result becomes any floating-point type, its integers any other: low bits first.
function put(column: TypedColumn, k: number, word: DataView, bits: bigint): void {
  word.setBigUint64(0, bits, true);
  if (column instanceof Float64Array || column instanceof Float32Array) column[k] = word.getFloat64(0, true);
  else if (column instanceof BigInt64Array) column[k] = word.getBigInt64(0, true);
  else if (column instanceof BigUint64Array) column[k] = bits;
  else column[k] = word.getUint32(0, true);
}

function argumentsAt(options: SubmitOptions, index: number): Uint8Array {
  const k = index - options.first;
  if (options.args === "index") {
    const number = Buffer.alloc(8);
    number.writeBigInt64LE(BigInt(options.start + index * options.step));
    return number;
  }
  const bytes = options.bytes as Uint8Array;
  if (options.args === "packed") return bytes.subarray(options.offsets?.[k], options.offsets?.[k + 1]);
  const width = rowBytes(options.columns ?? []);
  return bytes.subarray(k * width, (k + 1) * width);
}
