/** Files in one, as native/guardian/stage.cc unpacks them. */

import { fnv1a64 } from "../native/hash.ts";

export interface PackedFile {
  name: string;
  mode: number;
  bytes: Uint8Array;
}

export function pack(files: readonly PackedFile[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("HEDPACK1"), number(files.length)];
  for (const { name, mode, bytes } of files) {
    const text = Buffer.from(name);
    parts.push(number(text.length), text, number(mode), number(bytes.length), bytes);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, number(fnv1a64(body))]);
}

function number(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
