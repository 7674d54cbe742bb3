/**
 * Reads many small values fast: numbers, booleans, null, and arrays of them. Where it meets anything else it gives up, and
 * msgpackr reads the whole.
 */

class Reader {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  at = 0;
  /** A value was met that is not read here. */
  strange = false;

  open(bytes: Uint8Array): void {
    this.at = 0;
    this.strange = false;
    if (bytes === this.bytes) return; // Whoever reads small values often does so in the same memory.
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): unknown {
    const head = this.bytes[this.at++] as number;
    if (head < 0x80) return head;
    if (head === 0xcb) {
      this.at += 8;
      return this.view.getFloat64(this.at - 8);
    }
    if (head >= 0xe0) return head - 0x100;
    if (head >= 0x90 && head < 0xa0) return this.#array(head & 0x0f);
    return this.#rare(head);
  }

  #rare(head: number): unknown {
    const { view, at } = this;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xcc:
        this.at += 1;
        return view.getUint8(at);
      case 0xcd:
        this.at += 2;
        return view.getUint16(at);
      case 0xce:
        this.at += 4;
        return view.getUint32(at);
      case 0xd0:
        this.at += 1;
        return view.getInt8(at);
      case 0xd1:
        this.at += 2;
        return view.getInt16(at);
      case 0xd2:
        this.at += 4;
        return view.getInt32(at);
      default:
        this.strange = true;
        return undefined;
    }
  }

  #array(count: number): unknown[] {
    if (count > 0 && this.bytes[this.at] === 0xcb) return this.#fractions(count);
    const values = (blanks[count] as null[]).slice() as unknown[];
    for (let k = 0; k < count && !this.strange; k++) values[k] = this.read();
    return values;
  }

  // Numbers that never leave this loop are never boxed.
  #fractions(count: number): unknown[] {
    const { bytes, view } = this;
    let { at } = this;
    const values = (fractionBlanks[count] as number[]).slice();
    let k = 0;
    for (; k < count && bytes[at] === 0xcb; k++) {
      values[k] = view.getFloat64(at + 1);
      at += 9;
    }
    this.at = at;
    const mixed: unknown[] = values;
    for (; k < count && !this.strange; k++) mixed[k] = this.read();
    return mixed;
  }
}

// Copies of these have their size from the first: an array that grows by push takes room for 17 elements.
const blanks = Array.from({ length: 16 }, (_, count) => new Array<null>(count).fill(null));
const fractionBlanks = Array.from({ length: 16 }, (_, count) => Array.from({ length: count }, () => 0.5));

const reader = new Reader();

/** Adds to `into[at...]` all values in `bytes` and returns how many; -1 where a value is not of the simple kinds. */
export function decodeSimple(bytes: Uint8Array, into: unknown[], at: number): number {
  reader.open(bytes);
  const end = bytes.length;
  let count = 0;
  while (reader.at < end) {
    const value = reader.read();
    if (reader.strange) return -1;
    into[at + count++] = value;
  }
  // A cut value would have read past the end.
  if (reader.at !== end) return -1;
  return count;
}
