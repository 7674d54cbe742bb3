/**
 * Question: how long does one call take, to a JavaScript worker and back, with nothing else to do?
 * Expect:   `awake`, one call right after the other: the worker still spins, so a few microseconds of encoding and hand-over.
 *           `asleep`, 6 ms of rest before each: two wake-ups of sleeping threads more.
 * Read:     p50_us and p99_us of a call until its result; medians of the rounds. floor_us: a word handed over between two bare
 *           threads and back, in the same round. A call makes some ten such hand-overs of memory between two cores, and
 *           after a rest its code and data come from further away.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { loadBinding } from "../src/native/load.ts";
import { increment } from "./apps.ts";
import { measure, type Round } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";
import { median } from "./statistics.ts";

const PAUSE_MS = 6;

const options = benchOptions();
await using engine = await startEngine(options);

await measure(
  {
    name: "latency",
    ...placeOf(engine, options),
    cases: [
      { name: "awake", tasks: 1_000, tasksMax: 200_000, smokeTasks: 500, run: (calls) => times(calls, 0) },
      { name: "asleep", tasks: 100, tasksMax: 300, smokeTasks: 20, run: (calls) => times(calls, PAUSE_MS) },
    ],
  },
  options,
);

async function times(calls: number, pauseMs: number): Promise<Round> {
  const floor = loadBinding().handoverFloor(Math.min(calls, 5_000), 1e3 * pauseMs);
  const latencies = new Float64Array(calls);
  for (let k = 0; k < calls; k++) {
    if (pauseMs > 0) await sleep(pauseMs);
    const began = performance.now();
    const result = await increment(k);
    latencies[k] = 1e3 * (performance.now() - began);
    if (result !== k + 1) throw new Error(`latency: the result of ${k} is ${result}`);
  }
  return { latencies, figures: { floor_us: median(floor) / 1e3 } };
}
