/** Files in one, as native/guardian/stage.cc unpacks them. */

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
  return Buffer.concat([body, number(fnv1a(body))]);
}

function number(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

// In two halves of 32 bits: a bigint for each byte would take seconds. The prime is 2^40 + 0x1b3.
function fnv1a(bytes: Uint8Array): bigint {
  let [high, low] = [0xcbf2_9ce4, 0x8422_2325];
  for (const byte of bytes) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x1_0000_0000) + (mixed << 8)) >>> 0;
    low = product >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
