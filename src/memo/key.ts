/**
 * The key of a call: bytes that are the same for equal arguments, in every process, under every version of Node.js, in whatever order an
 * object's properties were set, on little- and big-endian machines.
 *
 * Arguments are taken as their task sees them, so what encoding loses (classes, for example) plays no part. Numbers are compared as 64-bit
 * floats: 1 and 1.0 are equal, 0 and -0 are not, NaN equals itself.
 */

import { createHash } from "node:crypto";
import { HeddleError } from "../errors.ts";
import { extend } from "../serialize/codec.ts";
import type { CachePolicy } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";

const RAW_MAX = 63; // Longer keys are replaced by their SHA-256.
const DEPTH_MAX = 512;

const kinds = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  number: 4,
  bigint: 5,
  string: 6,
  array: 7,
  object: 8,
} as const;
const rare = { date: 9, set: 10, regexp: 11, bytes: 12, error: 13, map: 14, file: 15, fields: 16 } as const;

/** What counts of a file, in its place among the arguments. */
export class FileKey {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const FILE_KEY_TAG = 0x4b;
extend(
  FileKey,
  FILE_KEY_TAG,
  ({ text }) => Buffer.from(text),
  (bytes) => new FileKey(Buffer.from(bytes).toString()),
);

/** Writes values in their one form. */
class KeyWriter {
  #bytes = Buffer.allocUnsafe(1_024);
  #length = 0;

  reset(): void {
    this.#length = 0;
    if (this.#bytes.length > 1 << 20) this.#bytes = Buffer.allocUnsafe(1_024);
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  value(value: unknown, path: string, depth = 0): void {
    if (typeof value === "number") return this.#number(kinds.number, value);
    if (typeof value === "string") return this.#text(kinds.string, value);
    if (value === null) return this.#byte(kinds.null);
    if (value === undefined) return this.#byte(kinds.undefined);
    if (typeof value === "boolean") return this.#byte(value ? kinds.true : kinds.false);
    if (typeof value === "bigint") return this.#text(kinds.bigint, String(value));
    if (typeof value !== "object" || depth > DEPTH_MAX) throw unhashable(value, path);
    if (Array.isArray(value)) {
      this.#number(kinds.array, value.length);
      for (let k = 0; k < value.length; k++) this.value(value[k], path, depth + 1);
      return;
    }
    const prototype = Object.getPrototypeOf(value) as unknown;
    if (prototype === Object.prototype || prototype === null) return this.#object(value, path, depth);
    this.#rare(value, path, depth);
  }

  #object(value: object, path: string, depth: number): void {
    const keys = Object.keys(value);
    if (keys.length > 1) keys.sort((a, b) => (a < b ? -1 : 1));
    this.#number(kinds.object, keys.length);
    for (const key of keys) {
      this.#text(kinds.string, key);
      this.value((value as Record<string, unknown>)[key], path === "" ? key : `${path}.${key}`, depth + 1);
    }
  }

  #rare(value: object, path: string, depth: number): void {
    if (value instanceof FileKey) return this.#text(rare.file, value.text);
    if (value instanceof Date) return this.#number(rare.date, value.getTime());
    if (value instanceof RegExp) return this.#text(rare.regexp, String(value));
    if (value instanceof Error) return this.#error(value, path, depth);
    if (value instanceof Set)
      return this.#unordered(
        rare.set,
        [...value].map((one) => [one]),
        path,
        depth,
      );
    if (value instanceof Map) return this.#unordered(rare.map, [...value], path, depth);
    if (value instanceof ArrayBuffer) return this.#typed(new Uint8Array(value));
    if (ArrayBuffer.isView(value)) return this.#typed(value);
    throw unhashable(value, path);
  }

  #error(value: Error, path: string, depth: number): void {
    const fields = { ...value };
    if (Object.keys(fields).length > 0) {
      this.#byte(rare.fields);
      this.#object(fields, path, depth);
    }
    this.#text(rare.error, `${value.name}\0${value.message}`);
  }

  // The parts in the order of their bytes, whatever order they were added in.
  #unordered(kind: number, parts: readonly unknown[][], path: string, depth: number): void {
    this.#number(kind, parts.length);
    const start = this.#length;
    const each = parts.map((part) => {
      this.#length = start;
      for (const value of part) this.value(value, path, depth + 1);
      return Buffer.from(this.#bytes.subarray(start, this.#length));
    });
    this.#length = start;
    for (const bytes of each.sort(Buffer.compare)) this.#raw(bytes);
  }

  #typed(view: ArrayBufferView): void {
    const { byteOffset, byteLength, buffer } = view;
    this.#text(rare.bytes, view instanceof Buffer ? "Uint8Array" : view.constructor.name);
    this.#number(rare.bytes, byteLength);
    this.#raw(new Uint8Array(buffer, byteOffset, byteLength));
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = byte;
  }

  #number(kind: number, value: number): void {
    this.#room(9);
    this.#bytes[this.#length] = kind;
    this.#bytes.writeDoubleBE(Number.isNaN(value) ? Number.NaN : value, this.#length + 1);
    this.#length += 9;
  }

  #text(kind: number, text: string): void {
    this.#room(5 + 3 * text.length);
    const written = this.#bytes.write(text, this.#length + 5);
    this.#bytes[this.#length] = kind;
    this.#bytes.writeUInt32BE(written, this.#length + 1);
    this.#length += 5 + written;
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

const writer = new KeyWriter();

/**
 * The key of a call among the calls of one app, as text of bytes (latin1), at most 64 characters.
 *
 * @throws {@link HeddleError} `ERR_MEMO_KEY` where an argument has no key, or the user's function gave none.
 */
export function keyOf(app: string, cache: CachePolicy, args: readonly unknown[]): string {
  writer.reset();
  try {
    if (cache.key === null) writer.value(cache.ignore.length === 0 ? args : without(args, cache.ignore), "");
    else writer.value(userKey(app, cache.key, args), "");
  } catch (error) {
    if (error instanceof Unhashable) throw noKey(app, error);
    throw error;
  }
  const { bytes } = writer;
  if (bytes.length <= RAW_MAX) return `\0${bytes.toString("latin1")}`;
  return `\x01${createHash("sha256").update(bytes).digest().toString("latin1")}`;
}

/** The bytes that stand for values in keys of calls; null: some have none. */
export function canonicalBytes(values: readonly unknown[]): Uint8Array | null {
  writer.reset();
  try {
    for (const value of values) writer.value(value, "");
  } catch (error) {
    if (error instanceof Unhashable) return null;
    throw error;
  }
  return new Uint8Array(writer.bytes);
}

/** The app and its version, in 16 bytes: what keys of the same app begin with in a store. */
export function appKey(name: string, version: string): Buffer {
  return createHash("sha256").update(`${name}\0${version}`).digest().subarray(0, 16);
}

class Unhashable extends Error {}

function unhashable(value: unknown, path: string): Unhashable {
  const what = typeof value === "object" ? `a ${value?.constructor?.name ?? "value"}` : `a ${typeof value}`;
  return new Unhashable(path === "" ? what : `${what} (at ${path})`);
}

function noKey(app: string, { message }: Unhashable): HeddleError {
  return new HeddleError(
    "ERR_MEMO_KEY",
    `App "${app}" has \`cache\`, and an argument is ${message}, of which no key can be made.`,
    "leave it out, cache: { ignore: [position] }, or make the key yourself, cache: { key: (...args) => text }",
  );
}

function userKey(app: string, key: NonNullable<CachePolicy["key"]>, args: readonly unknown[]): string {
  let made: unknown;
  try {
    made = (key as (...args: readonly unknown[]) => unknown)(...args);
  } catch (cause) {
    throw new HeddleError("ERR_MEMO_KEY", `App "${app}": cache.key threw: ${String(cause)}`, null, { cause });
  }
  if (typeof made === "string") return made;
  throw new HeddleError("ERR_MEMO_KEY", `App "${app}": cache.key returned ${shorten(made)}.`, "return a text");
}

function without(args: readonly unknown[], ignore: readonly (number | string)[]): unknown[] {
  return args.flatMap((value, position) => {
    if (ignore.includes(position)) return [];
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
      return [value];
    return [Object.fromEntries(Object.entries(value).filter(([name]) => !ignore.includes(name)))];
  });
}
