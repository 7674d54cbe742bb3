/**
 * Tasks that call tasks: counts the nodes of an unbalanced tree that nobody knows before it is walked.
 *
 *   heddle run examples/uts/uts.ts                     T1: 4,130,071 nodes
 *   heddle run -n 4 examples/uts/uts.ts T1L            102,181,082 nodes
 *   heddle run -n 4 examples/uts/uts.ts T1L --native   the same in C, see uts.c
 */
import { run } from "heddle";
import { countsOf, explore, numberOf, walkNative } from "./apps.ts";
import { type Counts, rootOf, trees } from "./tree.ts";

await run(async () => {
  const [name = "T1"] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
  const native = process.argv.includes("--native");
  const tree = trees[name];
  if (tree === undefined) throw new Error(`there is no tree ${name}; use ${Object.keys(trees).join(", ")}`);
  const began = performance.now();
  const counts: Counts = native ? countsOf(await walkNative(numberOf(name))) : await explore(rootOf(tree.seed), name);
  const seconds = (performance.now() - began) / 1e3;
  const [nodes, leaves, depth] = counts;
  const rate = (nodes / seconds / 1e6).toFixed(1);
  console.log(`${name}: ${nodes} nodes, ${leaves} leaves, depth ${depth}; ${rate} million nodes/s`);
  if (String(counts) !== String(tree.counts)) throw new Error(`it has ${tree.counts.join(", ")}`);
});
