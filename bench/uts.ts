/**
 * Question: how fast is a tree walked that nobody knows before, and how well is it spread?
 * Expect:   nearly as many times the speed of one as there are cores: a node costs a SHA-1, and what is given away is thousands of them.
 * Read:     nodes_per_s: median of the rounds. sequential_per_s: the same code on one slot (js: on the main thread) with nothing of
 *           Heddle in between, in the same rounds. efficiency: the one over the other times all workers. Counts are those that the public
 *           benchmark gives, or the bench ends with an error.
 */

import { type Counts, rootOf, trees, Walk } from "../examples/uts/tree.ts";
import { print } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";
import { median, significant } from "./statistics.ts";
import { countsOf, explore, numberOf, walkAlone, walkNative } from "./uts-apps.ts";

const ROUNDS_MIN = 3;

const options = benchOptions();
const { tree: name, seconds, smoke } = options;
const tree = trees[name]!;
await using engine = await startEngine(options, "./uts-apps.js");
const place = placeOf(engine, options);

const ways: Record<string, { spread: () => Promise<Counts>; alone: () => Promise<Counts> }> = {
  native: {
    spread: async () => countsOf(await walkNative(numberOf(name))),
    alone: async () => countsOf(await walkAlone(numberOf(name))),
  },
  js: {
    spread: async () => await explore(rootOf(tree.seed), name),
    alone: async () => {
      const walk = new Walk(rootOf(tree.seed), tree.shape);
      walk.go(Number.POSITIVE_INFINITY);
      return walk.counts;
    },
  },
};

for (const [way, { spread, alone }] of Object.entries(ways)) {
  if (options.only !== null && options.only !== way) continue;
  const rates: number[] = [];
  const floors: number[] = [];
  if (!smoke) await spread(); // Compiled, and everybody awake once.
  const began = performance.now();
  const late = (): boolean => performance.now() - began > 1e3 * seconds;
  for (let round = 0; round < (smoke ? 1 : ROUNDS_MIN) || !(smoke || late()); round++) {
    rates.push(await rateOf(spread));
    floors.push(await rateOf(alone));
  }
  const [nodes, leaves, depth] = tree.counts;
  print({
    bench: "uts",
    case: way,
    ...place,
    tasks: nodes,
    rounds: rates.length,
    ...(smoke ? { smoke: true } : {}),
    tree: name,
    nodes,
    leaves,
    depth,
    nodes_per_s: significant(median(rates)),
    sequential_per_s: significant(median(floors)),
    efficiency: significant(median(rates) / (median(floors) * place.ranks * place.workers)),
  });
}

async function rateOf(walk: () => Promise<Counts>): Promise<number> {
  const began = performance.now();
  const counts = await walk();
  const took = performance.now() - began;
  if (String(counts) !== String(tree.counts)) throw new Error(`${name} has ${tree.counts.join(", ")}, not ${counts}`);
  return (1e3 * tree.counts[0]) / took;
}
