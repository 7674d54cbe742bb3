/**
 * Writes many small values fast: msgpack as msgpackr writes it, without its cost per value.
 *
 * Numbers, strings, booleans, arrays, plain objects and typed arrays are written here; every other value is handed to `foreign`,
 * whose bytes are put in its place, which is sound because each msgpack value is complete in itself.
 */

const BYTES_FIRST = 16_384;
const KEEP_MAX = 1 << 22; // A larger buffer is given back after use.
/** Bytes that a placeholder takes. */
export const PLACEHOLDER = 1;
const DEPTH_MAX = 512; // Deeper values are left to msgpackr; a cycle ends there with its error.

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
  readonly #foreign: (value: unknown) => Uint8Array;
  readonly #meet: (value: object) => boolean;

  /** @param meet - Is this the future of a value? Its placeholder is then written. */
  constructor(foreign: (value: unknown) => Uint8Array, meet: (value: object) => boolean = () => false) {
    this.#foreign = foreign;
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
    this.#write(value, 0);
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
      this.#write(values[k], 0);
    }
    if (offsets !== null) offsets[at + count] = base + this.length;
  }

  #write(value: unknown, depth: number): void {
    if (this.length + 16 > this.bytes.length) this.#resize(2 * this.bytes.length);
    if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "object" && value !== null) this.#object(value, depth);
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

  #object(value: object, depth: number): void {
    if (depth === DEPTH_MAX) return this.#embed(this.#foreign(value));
    if (Array.isArray(value)) return this.#array(value, depth);
    // Before anything looks at its constructor: a future takes that for somebody who awaits it.
    if (this.places !== null && this.#meet(value)) {
      this.places.push(this.length);
      this.length += PLACEHOLDER;
      return;
    }
    if (value.constructor !== Object) {
      const number = ArrayBuffer.isView(value) ? TYPED.get(value.constructor) : undefined;
      return number === undefined
        ? this.#embed(this.#foreign(value))
        : this.#typed(value as unknown as ArrayBufferView, number);
    }
    const head = this.length;
    this.length += 3;
    let count = 0;
    for (const key in value) {
      if (this.length + 16 > this.bytes.length) this.#resize(2 * this.bytes.length);
      this.#string(key);
      this.#write((value as Record<string, unknown>)[key], depth + 1);
      if (++count === 0x10000) {
        this.length = head;
        return this.#embed(this.#foreign(value));
      }
    }
    this.bytes[head] = 0xde;
    this.#view.setUint16(head + 1, count);
  }

  #array(value: readonly unknown[], depth: number): void {
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
      this.#write(element, depth + 1);
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
