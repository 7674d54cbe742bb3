/**
 * Tasks that call tasks: counts the nodes of an unbalanced tree that nobody knows before it is walked.
 *
 *   heddle run examples/uts.ts              T1: 4,130,071 nodes
 *   heddle run -n 4 examples/uts.ts T1L     102,181,082 nodes
 *
 * The tree is that of the public benchmark UTS (Olivier et al., LCPC 2006): a node is the SHA-1 hash of its parent's and its
 * own number, and says itself how many children it has (geometric, mean 4, down to a fixed depth). So every program that walks it
 * must find the same counts. A task walks some nodes; if more are left, it calls itself on halves of them.
 */
import { app, run } from "heddle";

interface Tree {
  seed: number;
  depth: number;
  /** As published with the benchmark. */
  nodes: number;
  leaves: number | null;
}

const trees: Record<string, Tree> = {
  T1: { seed: 19, depth: 10, nodes: 4_130_071, leaves: 3_305_118 },
  T1L: { seed: 29, depth: 13, nodes: 102_181_082, leaves: null },
};

const BRANCHING = 4;
const CHILDREN_MAX = 100;
const WORDS = 6; // Of a node: five of its hash, and its height.
const NODES_PER_TASK = 50_000;

type Counts = [nodes: number, leaves: number, depth: number];

const explore = app("explore", async (bag: Int32Array, depthMax: number): Promise<Counts> => {
  const walk = new Walk(bag, depthMax);
  walk.go(NODES_PER_TASK);
  const rest = walk.rest();
  if (rest.length === 0) return walk.counts;
  // Alternate nodes: those at the bottom of the stack are the roots of the largest trees.
  const halves = [0, 1].map((half) => every(rest, half));
  const below = await Promise.all(halves.filter((half) => half.length > 0).map((half) => explore(half, depthMax)));
  return [walk.counts, ...below].reduce(([n, l, d], [nodes, leaves, depth]) => [
    n + nodes,
    l + leaves,
    Math.max(d, depth),
  ]);
});

/** Every other node of a bag. */
function every(bag: Int32Array, from: number): Int32Array {
  const nodes = bag.length / WORDS;
  const out = new Int32Array(WORDS * Math.floor((nodes - from + 1) / 2));
  for (let k = from, at = 0; k < nodes; k += 2, at += WORDS) out.set(bag.subarray(WORDS * k, WORDS * (k + 1)), at);
  return out;
}

/** A walk, depth first, over what hangs from the nodes of a bag. */
class Walk {
  readonly counts: Counts = [0, 0, 0];
  readonly #depthMax: number;
  readonly #node = new Int32Array(WORDS);
  #stack: Int32Array;
  #top: number; // Words in use.

  constructor(bag: Int32Array, depthMax: number) {
    this.#depthMax = depthMax;
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
    const children = childrenOf(node[4] as number, height, this.#depthMax);
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

/** How many children a node has: geometric with mean 4 above the last level, by the last word of its hash. */
function childrenOf(lastWord: number, height: number, depthMax: number): number {
  if (height >= depthMax) return 0;
  const uniform = (lastWord & 0x7fffffff) / 2 ** 31;
  return Math.min(CHILDREN_MAX, Math.floor(Math.log(1 - uniform) / Math.log(1 - 1 / (1 + BRANCHING))));
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
function rootOf(seed: number): Int32Array {
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

await run(async () => {
  const name = process.argv[2] ?? "T1";
  const tree = trees[name];
  if (tree === undefined) throw new Error(`there is no tree ${name}; use ${Object.keys(trees).join(" or ")}`);
  const began = performance.now();
  const [nodes, leaves, depth] = await explore(rootOf(tree.seed), tree.depth);
  const seconds = (performance.now() - began) / 1e3;
  const rate = (nodes / seconds / 1e6).toFixed(1);
  console.log(`${name}: ${nodes} nodes, ${leaves} leaves, depth ${depth}; ${rate} million nodes/s`);
  if (nodes !== tree.nodes || (tree.leaves ?? leaves) !== leaves) throw new Error(`it has ${tree.nodes} nodes`);
});
