/**
 * The random stream of a task: the same numbers for the same seed and index, on any number of ranks.
 *
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, seeded by hashing batch seed and index with the
 * finalizer of MurmurHash3, so that neighbours share no state. Not for cryptography.
 */

/** A stream of random numbers. Calling it gives the next number in [0, 1), with 53 random bits. */
export interface Random {
  (): number;
  /** A whole number in [0, n), without bias. n: integer from 1 to 2^32. */
  int(n: number): number;
  /** A normally distributed number with mean 0 and deviation 1. */
  normal(): number;
}

/** Makes the stream of task `index` of a batch with this seed. */
export function randomStream(seed: bigint, index: number): Random {
  let a = mix(Number(seed & 0xffff_ffffn) ^ 0x9e3779b9);
  let b = mix(Number((seed >> 32n) & 0xffff_ffffn) ^ a);
  let c = mix((index >>> 0) ^ b);
  let d = mix(Math.floor(index / 0x1_0000_0000) ^ c);
  let spare = Number.NaN;

  const next32 = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let k = 0; k < 12; k++) next32(); // Its author's advice: mix the seed through.

  const random = (): number => ((next32() >>> 5) * 0x400_0000 + (next32() >>> 6)) / 0x20_0000_0000_0000;
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 0x1_0000_0000) {
      throw new RangeError(`random.int(n) needs an integer n from 1 to 2^32, got ${n}`);
    }
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % n); // Above it a remainder would be favoured.
    for (;;) {
      const value = next32();
      if (value < limit) return value % n;
    }
  };
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    // Marsaglia's polar method: two numbers at a time.
    for (;;) {
      const x = 2 * random() - 1;
      const y = 2 * random() - 1;
      const s = x * x + y * y;
      if (s === 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = y * scale;
      return x * scale;
    }
  };
  return Object.assign(random, { int, normal });
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
