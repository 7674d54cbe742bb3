/** Where msgpack values begin, without decoding them. */

// msgpackr writes a Set, a RegExp and an Error as a one-byte extension followed by a value that belongs to it.
const TAGS = new Set([0x73, 0x78, 0x65]);

/**
 * Finds the offsets of the `count` values that lie in `bytes` from `position` on.
 *
 * @param offsets - Receives `count + 1` entries from index `at` on, each plus `base`: starts, and the end.
 * @returns The position after the last value.
 */
export function scan(
  bytes: Uint8Array,
  position: number,
  count: number,
  offsets: Uint32Array,
  at = 0,
  base = 0,
): number {
  let here = position;
  for (let k = 0; k < count; k++) {
    offsets[at + k] = base + here;
    here = skip(bytes, here);
  }
  offsets[at + count] = base + here;
  return here;
}

/** The position after the value that begins at `position`. */
export function skip(bytes: Uint8Array, position: number): number {
  let here = position;
  let pending = 1;
  while (pending > 0) {
    if (here >= bytes.length) throw new RangeError(`msgpack value at ${position} is cut short at ${bytes.length}`);
    pending--;
    const head = bytes[here++] as number;
    if (head < 0x80 || head >= 0xe0) continue;
    if (head < 0x90) pending += 2 * (head & 0x0f);
    else if (head < 0xa0) pending += head & 0x0f;
    else if (head < 0xc0) here += head & 0x1f;
    else if (head >= 0xdc) {
      const wide = (head & 1) === 1;
      const length = wide ? u32(bytes, here) : u16(bytes, here);
      here += wide ? 4 : 2;
      pending += head >= 0xde ? 2 * length : length;
    } else {
      if (head === 0xd4 && TAGS.has(bytes[here] as number)) pending++;
      here = skipFlat(bytes, head, here);
    }
  }
  return here;
}

/** Values 0xc0 to 0xdb: those without elements. `here` is after the head. */
function skipFlat(bytes: Uint8Array, head: number, here: number): number {
  switch (head) {
    case 0xc4:
    case 0xd9:
      return here + 1 + (bytes[here] as number);
    case 0xc5:
    case 0xda:
      return here + 2 + u16(bytes, here);
    case 0xc6:
    case 0xdb:
      return here + 4 + u32(bytes, here);
    case 0xc7:
      return here + 2 + (bytes[here] as number);
    case 0xc8:
      return here + 3 + u16(bytes, here);
    case 0xc9:
      return here + 5 + u32(bytes, here);
    case 0xca:
    case 0xce:
    case 0xd2:
      return here + 4;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return here + 8;
    case 0xcc:
    case 0xd0:
      return here + 1;
    case 0xcd:
    case 0xd1:
      return here + 2;
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return here + 1 + (1 << (head - 0xd4));
    default:
      return here; // nil, false, true
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}
