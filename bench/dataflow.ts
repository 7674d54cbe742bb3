/**
 * Question: how many empty tasks per second, if they wait for each other? `chain`: each for the one before. `layered`: each for three
 *           of the layer before, in layers of 1,000, all called at once.
 * Expect:   `chain` is a round trip to a worker and back per task, and no two of them overlap. `layered` is `calls`, and three edges more each.
 * Read:     tasks/s from the first call to the last result.
 */

import { increment, mix } from "./apps.ts";
import { measure, type Round } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";

const WIDTH = 1_000;

const options = benchOptions();
await using engine = await startEngine(options);

await measure(
  {
    name: "dataflow",
    ...placeOf(engine, options),
    cases: [
      { name: "chain", tasks: 20_000, tasksMax: 20_000, smokeTasks: 200, run: chain },
      { name: "layered", tasks: 100_000, tasksMax: 100_000, smokeTasks: 3_000, run: layered },
    ],
  },
  options,
);

async function chain(tasks: number): Promise<Round> {
  let last = increment(0);
  for (let k = 1; k < tasks; k++) last = increment(last);
  const result = await last;
  if (result !== tasks) throw new Error(`chain: ${result}, not ${tasks}`);
  return {};
}

async function layered(tasks: number): Promise<Round> {
  const layers = Math.ceil(tasks / WIDTH);
  let futures = Array.from({ length: WIDTH }, (_, k) => increment(k));
  let expected = Array.from({ length: WIDTH }, (_, k) => k + 1);
  for (let layer = 1; layer < layers; layer++) {
    const picks = Array.from({ length: WIDTH }, (_, k) => [1, 7, 61].map((step) => (step * k + layer) % WIDTH));
    const [before, values] = [futures, expected];
    futures = picks.map(([a, b, c]) => mix(before[a!]!, before[b!]!, before[c!]!));
    expected = picks.map(([a, b, c]) => (values[a!]! + values[b!]! + values[c!]! + 1) % 1_000_003);
  }
  const results = await Promise.all(futures);
  for (const [k, result] of results.entries()) {
    if (result !== expected[k]) throw new Error(`layered: result ${k} is ${result}, not ${expected[k]}`);
  }
  return { tasks: layers * WIDTH };
}
