/** FNV-1a, 64 bits: the addon numbers apps by the hash of their name, ranks compare definitions by it, and packs end with it. */

/** Hash of the bytes, or of the UTF-8 bytes of a text. Source: Fowler, Noll, Vo, draft-eastlake-fnv. */
export function fnv1a64(content: string | Uint8Array): bigint {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  // In two halves of 32 bits: a bigint for each byte would take seconds for a pack. The prime is 2^40 + 0x1b3.
  let [high, low] = [0xcbf2_9ce4, 0x8422_2325];
  for (const byte of bytes) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x1_0000_0000) + (mixed << 8)) >>> 0;
    low = product >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
