/**
 * Writes many small values fast: msgpack as msgpackr writes it, without its cost per value.
 *
 * Whatever has values inside is written here, so that futures are met wherever they stand, and Maps stay Maps. Single values of rare kinds
 * (dates, expressions, bigints, buffers) are handed to `foreign`, whose bytes are put in their place, which is sound because each msgpack
 * value is complete in itself.
 */

import { hidden } from "./values.ts";

const BYTES_FIRST = 16_384;
const KEEP_MAX = 1 << 22; // A larger buffer is given back after use.
/** Bytes that a placeholder takes. */
export const PLACEHOLDER = 1;

/** Typed arrays by the number that msgpackr gives their class. */
const TYPED = new Map<unknown, number>(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((type, number) => [type, number]),
);
const TYPED_TAG = 0x74;
/** As msgpackr marks a Set: an extension of one zero byte, and behind it an array of the members. */
const SET_TAG = 0x73;
/** Marks a Map in the same way; in the array behind it, keys and values take turns. */
export const MAP_TAG = 0x4d;

/** How values of a class become bytes of an extension, or another value behind a mark. */
export type Extension = { type: abstract new (...args: never[]) => unknown; tag: number } & (
  | { pack(value: unknown): Uint8Array }
  | { write(value: unknown): unknown }
);

const FOREIGN: readonly Extension["type"][] = [
  Date,
  RegExp,
  Error,
  ArrayBuffer,
  Object.getPrototypeOf(Uint8Array),
  DataView,
];

// Those of the built-in kinds, which are not written as their JSON.
const BUILT_IN_JSON: readonly unknown[] = [Date.prototype.toJSON, Buffer.prototype.toJSON];

/** Node's own, which its types leave out: `write` would look up the encoding for each text. */
type TextBuffer = Buffer & { utf8Write(text: string, offset: number, length: number): number };

export class Encoder {
  /** Valid up to `length`, until the next `reset`. */
  bytes: Uint8Array = new Uint8Array(BYTES_FIRST);
  length = 0;
  #buffer: TextBuffer = Buffer.from(this.bytes.buffer) as TextBuffer;
  #view: DataView = new DataView(this.bytes.buffer);
  /** Where placeholders of futures lie; null: futures are handed to `foreign`. */
  places: number[] | null = null;
  /** Only what every reader of msgpack knows: Maps as maps, Sets as arrays. */
  plain = false;
  readonly #foreign: (value: unknown) => Uint8Array;
  readonly #extensions: readonly Extension[];
  readonly #meet: (value: object) => boolean;

  /**
   * @param extensions - The first whose class has the value writes it.
   * @param meet - Is this the future of a value? Its placeholder is then written.
   */
  constructor(
    foreign: (value: unknown) => Uint8Array,
    extensions: readonly Extension[] = [],
    meet: (value: object) => boolean = () => false,
  ) {
    this.#foreign = foreign;
    this.#extensions = extensions;
    this.#meet = meet;
  }

  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEEP_MAX) this.#resize(BYTES_FIRST);
  }

  /** What was written, as the caller's own. Large ones are not copied, since there may be no room for two. */
  take(): Uint8Array {
    if (this.length <= KEEP_MAX) return this.bytes.slice(0, this.length);
    const taken = this.bytes.subarray(0, this.length);
    this.length = 0;
    this.#resize(BYTES_FIRST);
    return taken;
  }

  /** Appends one value. */
  write(value: unknown): void {
    this.#write(value);
  }

  /** Appends bytes that are values already. */
  append(bytes: Uint8Array): void {
    this.#embed(bytes);
  }

  /** Appends the elements of `values`; `offsets[at...]` receive where each begins, plus `base`, and the end. */
  writeAll(values: readonly unknown[], offsets: Uint32Array | null, at: number, base: number): void {
    const count = values.length;
    for (let k = 0; k < count; k++) {
      if (offsets !== null) offsets[at + k] = base + this.length;
      this.#write(values[k]);
    }
    if (offsets !== null) offsets[at + count] = base + this.length;
  }

  #write(value: unknown): void {
    if (this.length + 16 > this.bytes.length) this.#resize(2 * this.bytes.length);
    if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "object" && value !== null) this.#object(value);
    else if (value === null) this.bytes[this.length++] = 0xc0;
    else if (value === true) this.bytes[this.length++] = 0xc3;
    else if (value === false) this.bytes[this.length++] = 0xc2;
    else if (value === undefined) {
      this.bytes[this.length] = 0xd4; // What msgpackr means by it: an extension of type 0 with one zero byte.
      this.bytes[this.length + 1] = 0;
      this.bytes[this.length + 2] = 0;
      this.length += 3;
    } else this.#embed(this.#foreign(value));
  }

  #number(value: number): void {
    const { bytes } = this;
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      bytes[this.length] = 0xcb;
      this.#view.setFloat64(this.length + 1, value);
      this.length += 9;
    } else if (value >= -0x20 && value < 0x80) {
      bytes[this.length++] = value & 0xff;
    } else if (value >= 0 && value < 0x10000) {
      bytes[this.length] = 0xcd;
      this.#view.setUint16(this.length + 1, value);
      this.length += 3;
    } else {
      bytes[this.length] = 0xd2;
      this.#view.setInt32(this.length + 1, value);
      this.length += 5;
    }
  }

  #string(text: string): void {
    const count = text.length;
    if (count < 32) return this.#short(text);
    const room = 5 + 3 * count;
    if (this.length + room > this.bytes.length) this.#resize(Math.max(2 * this.bytes.length, this.length + room));
    // The long form of the length even where a short one would do: then the text need not move.
    const written = this.#buffer.utf8Write(text, this.length + 5, 3 * count);
    this.bytes[this.length] = 0xdb;
    this.#view.setUint32(this.length + 1, written);
    this.length += 5 + written;
  }

  #short(text: string): void {
    const count = text.length;
    if (this.length + 2 + 3 * count > this.bytes.length) this.#resize(2 * this.bytes.length);
    const { bytes } = this;
    const start = this.length + 1;
    for (let k = 0; k < count; k++) {
      const code = text.charCodeAt(k);
      if (code >= 0x80) {
        const written = this.#buffer.utf8Write(text, this.length + 2, 3 * count);
        bytes[this.length] = 0xd9;
        bytes[this.length + 1] = written;
        this.length += 2 + written;
        return;
      }
      bytes[start + k] = code;
    }
    bytes[this.length] = 0xa0 | count;
    this.length = start + count;
  }

  #object(value: object): void {
    if (Array.isArray(value)) return this.#array(value);
    // Before anything looks at its constructor: a future takes that for somebody who awaits it.
    if (this.places !== null && this.#meet(value)) {
      this.places.push(this.length);
      this.length += PLACEHOLDER;
      return;
    }
    if (value.constructor !== Object) return this.#rare(value);
    const head = this.length;
    this.length += 3;
    let count = 0;
    for (const key in value) {
      if (this.length + 16 > this.bytes.length) this.#resize(2 * this.bytes.length);
      this.#string(key);
      this.#write((value as Record<string, unknown>)[key]);
      count++;
    }
    if (count > 0xffff) return this.#widen(head, count);
    this.bytes[head] = 0xde;
    this.#view.setUint16(head + 1, count);
  }

  // The object at `head` has more fields than the short form can count.
  #widen(head: number, count: number): void {
    if (this.length + 2 > this.bytes.length) this.#resize(2 * this.bytes.length);
    this.bytes.copyWithin(head + 5, head + 3, this.length);
    this.length += 2;
    this.bytes[head] = 0xdf;
    this.#view.setUint32(head + 1, count);
    const places = this.places ?? [];
    for (let k = places.length - 1; k >= 0 && (places[k] as number) > head; k--) (places[k] as number) += 2;
  }

  #rare(value: object): void {
    const number = ArrayBuffer.isView(value) ? TYPED.get(value.constructor) : undefined;
    if (number !== undefined) return this.#typed(value as ArrayBufferView, number);
    for (const extension of this.#extensions) {
      if (!(value instanceof extension.type)) continue;
      if ("pack" in extension) return this.#extension(extension.tag, extension.pack(value));
      if (!this.plain) this.#tag(extension.tag);
      return this.#write(extension.write(value));
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function" && !BUILT_IN_JSON.includes(toJSON)) {
      const json = (value as { toJSON(): unknown }).toJSON();
      if (json !== value) return this.#write(json);
    }
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    if (FOREIGN.some((type) => value instanceof type)) return this.#embed(this.#foreign(value));
    this.#instance(value);
  }

  #map(value: ReadonlyMap<unknown, unknown>): void {
    if (!this.plain) this.#tag(MAP_TAG);
    const head = this.length;
    this.length += 5;
    let count = 0;
    for (const [key, element] of value) {
      this.#write(key);
      this.#write(element);
      count++;
    }
    this.bytes[head] = this.plain ? 0xdf : 0xdd;
    this.#view.setUint32(head + 1, this.plain ? count : 2 * count);
  }

  #set(value: ReadonlySet<unknown>): void {
    if (!this.plain) this.#tag(SET_TAG);
    this.#array([...value]);
  }

  #tag(tag: number): void {
    this.bytes[this.length] = 0xd4;
    this.bytes[this.length + 1] = tag;
    this.bytes[this.length + 2] = 0;
    this.length += 3;
  }

  #extension(tag: number, payload: Uint8Array): void {
    const head = this.length;
    this.length += 6;
    this.#embed(payload);
    this.bytes[head] = 0xc9;
    this.#view.setUint32(head + 1, payload.length);
    this.bytes[head + 5] = tag;
  }

  // Of a class of the program's, or without a prototype: its fields.
  #instance(value: object): void {
    if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt) {
      return this.#write(value.valueOf());
    }
    const what = hidden(value);
    if (what !== null) throw new TypeError(`${what} cannot be encoded`);
    const keys = Object.keys(value);
    if (this.length + 16 > this.bytes.length) this.#resize(2 * this.bytes.length);
    this.bytes[this.length] = 0xdf;
    this.#view.setUint32(this.length + 1, keys.length);
    this.length += 5;
    for (const key of keys) {
      if (this.length + 16 > this.bytes.length) this.#resize(2 * this.bytes.length);
      this.#string(key);
      this.#write((value as Record<string, unknown>)[key]);
    }
  }

  #array(value: readonly unknown[]): void {
    const count = value.length;
    if (count < 0x10) this.bytes[this.length++] = 0x90 | count;
    else {
      this.bytes[this.length] = 0xdd;
      this.#view.setUint32(this.length + 1, count);
      this.length += 5;
    }
    let at = this.length;
    let { bytes } = this;
    let view = this.#view;
    for (let k = 0; k < count; k++) {
      const element = value[k];
      // Arrays of fractions are the common numeric payload: no call for each.
      if (typeof element === "number" && (element | 0) !== element && at + 16 <= bytes.length) {
        bytes[at] = 0xcb;
        view.setFloat64(at + 1, element);
        at += 9;
        continue;
      }
      this.length = at;
      this.#write(element);
      at = this.length;
      bytes = this.bytes;
      view = this.#view;
    }
    this.length = at;
  }

  #typed(value: ArrayBufferView, number: number): void {
    const { byteLength } = value;
    if (byteLength > 0xff_ff_ff_fe) return this.#embed(this.#foreign(value));
    if (this.length + 7 + byteLength > this.bytes.length)
      this.#resize(Math.max(2 * this.bytes.length, this.length + 7 + byteLength));
    this.bytes[this.length] = 0xc9; // An extension; the long form of its length even where a short one would do.
    this.#view.setUint32(this.length + 1, 1 + byteLength);
    this.bytes[this.length + 5] = TYPED_TAG;
    this.bytes[this.length + 6] = number;
    this.length += 7;
    this.#embed(new Uint8Array(value.buffer, value.byteOffset, byteLength));
  }

  #embed(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.bytes.length) this.#resize(Math.max(2 * this.bytes.length, end));
    this.bytes.set(bytes, this.length);
    this.length = end;
  }

  #resize(size: number): void {
    const larger = new Uint8Array(size);
    larger.set(this.bytes.subarray(0, Math.min(this.length, size)));
    this.bytes = larger;
    this.#buffer = Buffer.from(larger.buffer) as TextBuffer;
    this.#view = new DataView(larger.buffer);
  }
}
