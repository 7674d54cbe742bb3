/** The apps that walk a tree: in JavaScript, tasks that call tasks; in C, a native app that spawns. */

import { type App, app, nativeApp } from "heddle";
import { sharedLibrary } from "../native/build.ts";
import { type Counts, every, trees, Walk } from "./tree.ts";

const NODES_PER_TASK = 50_000;

/** Walks some nodes of a bag; if more are left, it calls itself on halves of them. */
export const explore: App<[bag: Int32Array, tree: string], Counts> = app(
  "explore",
  async (bag: Int32Array, tree: string): Promise<Counts> => {
    const walk = new Walk(bag, trees[tree]!.shape);
    walk.go(NODES_PER_TASK);
    const rest = walk.rest();
    if (rest.length === 0) return walk.counts;
    // Alternate nodes: those at the bottom of the stack are the roots of the largest trees.
    const halves = [0, 1].map((half) => every(rest, half)).filter((half) => half.length > 0);
    const below = await Promise.all(halves.map((half) => explore(half, tree)));
    return [walk.counts, ...below].reduce(([n, l, d], [nodes, leaves, depth]) => [
      n + nodes,
      l + leaves,
      Math.max(d, depth),
    ]);
  },
);

const library = sharedLibrary("uts/uts.c");

/** The same in C. Its argument: the tree's number as a u32. */
export const walkNative: App<[tree: Uint8Array], Uint8Array> = nativeApp("uts_walk", {
  library,
  arguments: "bytes",
  returns: "bytes",
  merge: { function: "uts_merge" },
});

/** The whole tree in one task. */
export const walkAlone: App<[tree: Uint8Array], Uint8Array> = nativeApp("uts_sequential", {
  library,
  arguments: "bytes",
  returns: "bytes",
});

/** The argument of the native apps. */
export function numberOf(tree: string): Uint8Array {
  return new Uint8Array(Uint32Array.of(trees[tree]!.number).buffer);
}

/** What the native apps give. */
export function countsOf(bytes: Uint8Array): Counts {
  const [nodes, leaves, depth] = new BigUint64Array(bytes.slice().buffer);
  return [Number(nodes), Number(leaves), Number(depth)];
}
