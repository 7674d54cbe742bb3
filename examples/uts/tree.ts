/**
 * Unbalanced trees of the public benchmark UTS (Olivier et al., LCPC 2006), and a walk over them.
 *
 * A node is the SHA-1 hash of its parent's and its own number, and says itself how many children it has. So every program that
 * walks a tree must find the same counts. Parameters and counts: the benchmark's sample_trees.sh.
 */

type Shape =
  /** Children by a geometric distribution with this mean, down to a depth. */
  | { kind: "fixed"; children: number; depth: number }
  /** With a mean that rises and falls with the depth. */
  | { kind: "cyclic"; children: number; depth: number }
  /** The root has `children`; any other node `brood` with a probability, else none. */
  | { kind: "binomial"; children: number; chance: number; brood: number };

export interface Tree {
  seed: number;
  shape: Shape;
  /** Number in uts.c. */
  number: number;
  /** As published with the benchmark. */
  counts: Counts;
}

export type Counts = [nodes: number, leaves: number, depth: number];

export const trees: Record<string, Tree> = {
  T1: { number: 0, seed: 19, shape: { kind: "fixed", children: 4, depth: 10 }, counts: [4_130_071, 3_305_118, 10] },
  T2: { number: 1, seed: 502, shape: { kind: "cyclic", children: 6, depth: 16 }, counts: [4_117_769, 2_342_762, 81] },
  T3: {
    number: 2,
    seed: 42,
    shape: { kind: "binomial", children: 2000, chance: 0.124875, brood: 8 },
    counts: [4_112_897, 3_599_034, 1572],
  },
  T1L: { number: 3, seed: 29, shape: { kind: "fixed", children: 4, depth: 13 }, counts: [102_181_082, 81_746_377, 13] },
};

const CHILDREN_MAX = 100;
const WORDS = 6; // Of a node: five of its hash, and its height.

/** Every other node of a bag. */
export function every(bag: Int32Array, from: number): Int32Array {
  const nodes = bag.length / WORDS;
  const out = new Int32Array(WORDS * Math.floor((nodes - from + 1) / 2));
  for (let k = from, at = 0; k < nodes; k += 2, at += WORDS) out.set(bag.subarray(WORDS * k, WORDS * (k + 1)), at);
  return out;
}

/** A walk, depth first, over what hangs from the nodes of a bag. */
export class Walk {
  readonly counts: Counts = [0, 0, 0];
  readonly #shape: Shape;
  readonly #node = new Int32Array(WORDS);
  #stack: Int32Array;
  #top: number; // Words in use.

  constructor(bag: Int32Array, shape: Shape) {
    this.#shape = shape;
    this.#stack = new Int32Array(Math.max(64 * WORDS, 2 * bag.length));
    this.#stack.set(bag);
    this.#top = bag.length;
  }

  /** Visits at most so many nodes. */
  go(nodes: number): void {
    for (let n = 0; n < nodes && this.#top > 0; n++) this.#visit();
  }

  /** The nodes not yet visited. */
  rest(): Int32Array {
    return this.#stack.slice(0, this.#top);
  }

  #visit(): void {
    this.#top -= WORDS;
    const node = this.#node; // A copy: its children are written over it.
    for (let k = 0; k < WORDS; k++) node[k] = this.#stack[this.#top + k] as number;
    const height = node[5] as number;
    const children = childrenOf(node[4] as number, height, this.#shape);
    this.counts[0]++;
    if (children === 0) this.counts[1]++;
    if (height > this.counts[2]) this.counts[2] = height;
    if (this.#top + WORDS * children > this.#stack.length) this.#grow(WORDS * children);
    for (let k = 0; k < children; k++) {
      sha1(node, k, this.#stack, this.#top);
      this.#stack[this.#top + 5] = height + 1;
      this.#top += WORDS;
    }
  }

  #grow(words: number): void {
    const larger = new Int32Array(2 * this.#stack.length + words);
    larger.set(this.#stack);
    this.#stack = larger;
  }
}

/** How many children a node has, by the last word of its hash. */
function childrenOf(lastWord: number, height: number, shape: Shape): number {
  const uniform = (lastWord & 0x7fffffff) / 2 ** 31;
  if (shape.kind === "binomial") {
    if (height === 0) return shape.children;
    return uniform < shape.chance ? shape.brood : 0;
  }
  const { children, depth } = shape;
  if (height === 0) return geometric(children, uniform);
  if (shape.kind === "fixed") return height < depth ? geometric(children, uniform) : 0;
  return height > 5 * depth ? 0 : geometric(children ** Math.sin((2 * Math.PI * height) / depth), uniform);
}

function geometric(mean: number, uniform: number): number {
  return Math.min(CHILDREN_MAX, Math.floor(Math.log(1 - uniform) / Math.log(1 - 1 / (1 + mean))));
}

const schedule = new Int32Array(80);

/** SHA-1 of a hash and a number, 24 bytes, big-endian: one block. Written to `out[at..at + 4]`. */
function sha1(hash: Int32Array, number: number, out: Int32Array, at: number): void {
  const w = schedule;
  for (let t = 0; t < 5; t++) w[t] = hash[t] as number;
  w[5] = number;
  w[6] = 0x80000000;
  w.fill(0, 7, 15);
  w[15] = 24 * 8;
  compress(w, out, at);
}

/** SHA-1 of 16 zero bytes and a seed. */
export function rootOf(seed: number): Int32Array {
  const w = schedule;
  w.fill(0, 0, 16);
  w[4] = seed;
  w[5] = 0x80000000;
  w[15] = 20 * 8;
  const node = new Int32Array(WORDS);
  compress(w, node, 0);
  return node;
}

/** The compression function (FIPS 180-4), from the initial value. `w[0..15]` is the block. */
function compress(w: Int32Array, out: Int32Array, at: number): void {
  for (let t = 16; t < 80; t++) {
    const x = (w[t - 3] as number) ^ (w[t - 8] as number) ^ (w[t - 14] as number) ^ (w[t - 16] as number);
    w[t] = (x << 1) | (x >>> 31);
  }
  let a = 0x67452301;
  let b = 0xefcdab89 | 0;
  let c = 0x98badcfe | 0;
  let d = 0x10325476;
  let e = 0xc3d2e1f0 | 0;
  for (let t = 0; t < 80; t++) {
    const f = t < 20 ? (b & c) | (~b & d) : t < 40 || t >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
    const k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + f + e + k + (w[t] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  out[at] = (a + 0x67452301) | 0;
  out[at + 1] = (b + 0xefcdab89) | 0;
  out[at + 2] = (c + 0x98badcfe) | 0;
  out[at + 3] = (d + 0x10325476) | 0;
  out[at + 4] = (e + 0xc3d2e1f0) | 0;
}
