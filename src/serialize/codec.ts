/**
 * Values as bytes: msgpack by msgpackr, each value self-contained, so that any slice of a batch can travel alone.
 *
 * Many values are packed as one array whose header is then dropped: a call into msgpackr costs more than a small value.
 * What a value cannot keep: its class (fields survive), and a Map, which arrives as a plain object.
 */

import { addExtension, Packr, Unpackr } from "msgpackr";

const options = { useRecords: false, moreTypes: true, copyBuffers: true } as const;
const packr = new Packr(options);
const unpackr = new Unpackr(options);

// A function would be written as `undefined` without a word.
(packr as unknown as { writeFunction: (value: unknown) => never }).writeFunction = (value) => {
  throw new TypeError(`a function cannot be encoded: ${(value as { name?: string }).name ?? ""}`);
};

/** Encodes values of a class as an extension of its own. Both functions see its payload only. */
export function extend<T>(
  type: abstract new (...args: never[]) => T,
  tag: number,
  pack: (value: T) => Uint8Array,
  unpack: (bytes: Uint8Array) => unknown,
): void {
  addExtension({ Class: type as never, type: tag, pack: pack as never, unpack: unpack as never });
}

/** Encodes one value. The bytes are the caller's own. Throws what msgpackr throws: see `findUnencodable`. */
export function encode(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value));
}

/** Encodes one value into memory that the next call of this module overwrites. */
export function encodeShared(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Encodes the elements of `values` one after the other, into memory that the next call of this module overwrites. */
export function encodeManyShared(values: readonly unknown[]): Uint8Array {
  const packed = packr.pack(values);
  return packed.subarray(arrayHeaderBytes(values.length));
}

export function arrayHeaderBytes(length: number): number {
  return length < 0x10 ? 1 : length < 0x10000 ? 3 : 5;
}

/** Decodes one value; the result holds no reference to `bytes`. */
export function decode(bytes: Uint8Array): unknown {
  return unpackr.unpack(bytes);
}

/** Decodes all values that lie in `bytes` one after the other. */
export function decodeMany(bytes: Uint8Array): unknown[] {
  if (bytes.length === 0) return [];
  return unpackr.unpackMultiple(bytes) as unknown as unknown[];
}

/** Adds to `into[at...]` all values that lie in `bytes`, and returns how many they are. */
export function decodeInto(bytes: Uint8Array, into: unknown[], at: number): number {
  if (bytes.length === 0) return 0;
  const values = unpackr.unpackMultiple(bytes) as unknown as unknown[];
  for (let k = 0; k < values.length; k++) into[at + k] = values[k];
  return values.length;
}
