/** Calls of one batch in any order: each list of arguments begins with the call's number. */

const GROWTH = 16; // A longer head of the list, and a number.

/**
 * Lists of arguments, as msgpack, with a number before each.
 *
 * @param offsets - Where each list begins in `bytes`.
 */
export function withNumbers(
  numbers: readonly number[],
  bytes: Uint8Array,
  offsets: readonly number[],
): { bytes: Uint8Array; offsets: number[] } {
  const out = new Uint8Array(bytes.length + GROWTH * numbers.length);
  const view = new DataView(out.buffer);
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begins: number[] = [];
  let at = 0;
  numbers.forEach((number, k) => {
    begins.push(at);
    const start = offsets[k] as number;
    const { count, head } = listAt(from, start);
    at = writeHead(view, at, count + 1);
    at = writeNumber(view, at, number);
    const rest = bytes.subarray(start + head, offsets[k + 1] ?? bytes.length);
    out.set(rest, at);
    at += rest.length;
  });
  return { bytes: out.subarray(0, at), offsets: begins };
}

function listAt(view: DataView, at: number): { count: number; head: number } {
  const first = view.getUint8(at);
  if (first === 0xdd) return { count: view.getUint32(at + 1), head: 5 };
  if (first === 0xdc) return { count: view.getUint16(at + 1), head: 3 };
  return { count: first & 0x0f, head: 1 };
}

function writeHead(view: DataView, at: number, count: number): number {
  if (count < 16) {
    view.setUint8(at, 0x90 | count);
    return at + 1;
  }
  view.setUint8(at, 0xdd);
  view.setUint32(at + 1, count);
  return at + 5;
}

function writeNumber(view: DataView, at: number, number: number): number {
  if (number < 0x8000_0000) {
    view.setUint8(at, 0xd2);
    view.setInt32(at + 1, number);
    return at + 5;
  }
  view.setUint8(at, 0xcb);
  view.setFloat64(at + 1, number);
  return at + 9;
}
