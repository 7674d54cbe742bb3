/** Argument strings of commands, packed: each a u32 length (little-endian) and its UTF-8 bytes. */

import { HeddleError } from "../errors.ts";
import { shorten } from "./values.ts";

/** What may stand for a placeholder. */
export type Word = string | number | boolean | bigint;

/** `value` as the text a command sees. `where` names it in the error. */
export function wordText(value: unknown, where: string): string {
  if (typeof value === "string") {
    if (value.includes("\0")) {
      throw new HeddleError("ERR_ARGUMENT", `${where} contains a NUL character.`, "no command can receive one");
    }
    return value;
  }
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  throw new HeddleError(
    "ERR_ARGUMENT",
    `${where} is ${shorten(value)}, which is no word of a command.`,
    "pass a string, number, boolean or bigint",
  );
}

/** Packs the strings of one task, and before them what is packed already. */
export function packStrings(strings: readonly string[], head: Uint8Array | null = null): Uint8Array {
  let length = head === null ? 0 : 4 + head.length;
  let at = length;
  for (const text of strings) length += 4 + Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(length);
  if (head !== null) {
    bytes.writeUInt32LE(head.length);
    bytes.set(head, 4);
  }
  for (const text of strings) {
    const written = bytes.write(text, at + 4);
    bytes.writeUInt32LE(written, at);
    at += 4 + written;
  }
  return bytes;
}

/** What was packed before them. */
export function headOf(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  return bytes.subarray(4, 4 + length);
}

/** The strings of one task. */
export function unpackStrings(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: string[] = [];
  for (let at = 0; at < buffer.length; ) {
    const length = buffer.readUInt32LE(at);
    strings.push(buffer.toString("utf8", at + 4, at + 4 + length));
    at += 4 + length;
  }
  return strings;
}
