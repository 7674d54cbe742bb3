/**
 * Values as bytes: msgpack by msgpackr, each value self-contained, so that any slice of a batch can travel alone.
 *
 * An encoder and a decoder of our own do it, in the same format and a third of the time; what they do not know, msgpackr does.
 * What a value keeps, and what not, is told to users by a table in docs/guide/calls.md.
 */

import { Stream } from "node:stream";
import { addExtension, Packr, Unpackr } from "msgpackr";
import { decodeSimple } from "./decoder.ts";
import { Encoder, type Extension, MAP_TAG, PLACEHOLDER } from "./encoder.ts";
import { GENERATORS } from "./values.ts";

const options = { useRecords: false, moreTypes: true, copyBuffers: true } as const;
const packr = new Packr(options);
const unpackr = new Unpackr(options);

// A function would be written as `undefined` without a word.
(packr as unknown as { writeFunction: (value: unknown) => never }).writeFunction = (value) => {
  throw new TypeError(`a function cannot be encoded: ${(value as { name?: string }).name ?? ""}`);
};

// Read as msgpackr reads a Set; by itself it would make an object of a map, with texts for keys.
addExtension({ type: MAP_TAG, read: mapOf } as never);

function mapOf(turns: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let k = 0; k < turns.length; k += 2) map.set(turns[k], turns[k + 1]);
  return map;
}

/** The first whose class has a value writes it. */
const extensions: Extension[] = [];

/** Encodes values of a class, and of those that extend it, as an extension of its own. Both functions see its payload only. */
export function extend<T>(
  type: abstract new (...args: never[]) => T,
  tag: number,
  pack: (value: T) => Uint8Array,
  unpack: (bytes: Uint8Array) => unknown,
): void {
  extensions.unshift({ type, tag, pack: pack as (value: unknown) => Uint8Array });
  addExtension({ type: tag, unpack: unpack as never });
}

/** Encodes values of a class, and of those that extend it, as another value, with a mark; `read` makes one of it again. */
export function extendAs<T>(
  type: abstract new (...args: never[]) => T,
  tag: number,
  write: (value: T) => unknown,
  read: (written: unknown) => unknown,
): void {
  extensions.unshift({ type, tag, write: write as (value: unknown) => unknown });
  addExtension({ type: tag, read } as never);
}

/** Values of a class that cannot be encoded: else they would arrive as empty objects. */
export function refuse(type: abstract new (...args: never[]) => unknown, error: (value: unknown) => Error): void {
  const pack = (value: unknown): never => {
    throw error(value);
  };
  extensions.unshift({ type, tag: 0, pack });
}

for (const type of [Stream, ...GENERATORS]) refuse(type, () => new TypeError(`a ${type.name} cannot be encoded`));

let meet: (value: object) => boolean = () => false;
const foreign = (value: unknown): Uint8Array => packr.pack(value);
const encoder = new Encoder(foreign, extensions, (value) => meet(value));
let encoding = false; // A value's toJSON may come back here.

/** Encodes one value. The bytes are the caller's own. Throws what msgpackr throws: see `findUnencodable`. */
export function encode(value: unknown): Uint8Array {
  if (encoding) return encodeApart(value);
  encodeShared(value);
  return encoder.take();
}

function encodeApart(value: unknown): Uint8Array {
  const apart = new Encoder(foreign, extensions);
  apart.write(value);
  return apart.take();
}

/**
 * Encodes one value into memory that the next call of this module overwrites.
 *
 * @param plain - For readers that know nothing of ours: Maps as maps, Sets as arrays.
 */
export function encodeShared(value: unknown, plain = false): Uint8Array {
  if (encoding) return encodeApart(value);
  encoding = true;
  encoder.plain = plain;
  try {
    encoder.reset();
    encoder.write(value);
    return encoder.bytes.subarray(0, encoder.length);
  } finally {
    encoding = false;
    encoder.plain = false;
  }
}

/** Gives back what a large value took of the memory that those named "shared" write to; its bytes are gone. */
export function releaseShared(): void {
  if (!encoding) encoder.reset();
}

/**
 * As `encodeShared`, but every value that `future` accepts becomes a placeholder; `places` receive where. Values take those places by
 * `fillShared`.
 */
export function encodeOpenShared(
  value: unknown,
  future: (value: object) => boolean,
  places: number[],
  plain = false,
): Uint8Array {
  if (encoding) return encodeApart(value);
  encoder.places = places;
  meet = future;
  try {
    return encodeShared(value, plain);
  } finally {
    encoder.places = null;
  }
}

/** The bytes of a value with `values` in the places of its placeholders, in memory that the next call of this module overwrites. */
export function fillShared(
  open: Uint8Array,
  places: readonly number[],
  values: readonly unknown[],
  plain = false,
): Uint8Array {
  if (encoding) throw new Error("fillShared was called by a value's toJSON");
  encoding = true;
  encoder.plain = plain;
  try {
    encoder.reset();
    let at = 0;
    for (let k = 0; k < places.length; k++) {
      const place = places[k] as number;
      encoder.append(open.subarray(at, place));
      encoder.write(values[k]);
      at = place + PLACEHOLDER;
    }
    encoder.append(open.subarray(at));
    return encoder.bytes.subarray(0, encoder.length);
  } finally {
    encoding = false;
    encoder.plain = false;
  }
}

/**
 * Encodes the elements of `values` one after the other, into memory that the next call of this module overwrites.
 *
 * @param offsets - If given, receives from index `at` on where each begins, plus `base`, and the end.
 */
export function encodeManyShared(
  values: readonly unknown[],
  offsets: Uint32Array | null = null,
  at = 0,
  base = 0,
): Uint8Array {
  if (encoding) throw new Error("encodeManyShared was called by a value's toJSON");
  encoding = true;
  try {
    encoder.reset();
    encoder.writeAll(values, offsets, at, base);
    return encoder.bytes.subarray(0, encoder.length);
  } finally {
    encoding = false;
  }
}

/** Decodes one value; the result holds no reference to `bytes`. */
export function decode(bytes: Uint8Array): unknown {
  const simple: unknown[] = [];
  return decodeSimple(bytes, simple, 0) === 1 ? simple[0] : unpackr.unpack(bytes);
}

/** Decodes all values that lie in `bytes` one after the other. */
export function decodeMany(bytes: Uint8Array): unknown[] {
  const values: unknown[] = [];
  decodeInto(bytes, values, 0);
  return values;
}

/** Adds to `into[at...]` all values that lie in `bytes`, and returns how many they are. */
export function decodeInto(bytes: Uint8Array, into: unknown[], at: number): number {
  if (bytes.length === 0) return 0;
  const simple = decodeSimple(bytes, into, at);
  if (simple >= 0) return simple;
  const values = unpackr.unpackMultiple(bytes) as unknown as unknown[];
  for (let k = 0; k < values.length; k++) into[at + k] = values[k];
  return values.length;
}
