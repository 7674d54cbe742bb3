/** FNV-1a, 64 bits: the addon numbers apps by the hash of their name, and ranks compare definitions by it. */

const PRIME = 0x100000001b3n;
const MASK = 0xffff_ffff_ffff_ffffn;

/** Hash of the UTF-8 bytes of `text`. */
export function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text, "utf8")) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash;
}
