/**
 * Question: how many empty tasks per second if each is a call of its own, all made in one turn and all awaited? And what
 *           does one that is outstanding cost in memory?
 * Expect:   an encode, a future and a promise per call: some hundred thousand, far below `map`, far above one message per task.
 * Read:     tasks/s from the first call to the last result. bytes_per_task: growth of heap and buffers after a full
 *           collection, with all calls made and awaited, and none answered. floor_per_s: as many bare promises, made, resolved one
 *           by one and awaited together by one thread, in the same round; no future can cost less.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { increment } from "./apps.ts";
import { measure, type Round } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";

const collectGarbage = (globalThis as { gc?: () => void }).gc;
if (collectGarbage === undefined) throw new Error("start with node --expose-gc");
const gc: () => void = collectGarbage;

const options = benchOptions();
await using engine = await startEngine(options);

await measure(
  {
    name: "calls",
    ...placeOf(engine, options),
    stats: () => engine.gatherStats(),
    cases: [{ name: "calls", tasks: 100_000, tasksMax: 500_000, smokeTasks: 100_000, run }],
  },
  options,
);

async function run(tasks: number): Promise<Round> {
  const began = performance.now();
  await checked(callMany(tasks));
  const seconds = (performance.now() - began) / 1e3;
  const floor = await barePromises(tasks);
  return { seconds, figures: { bytes_per_task: await bytesPerTask(tasks), floor_per_s: floor } };
}

async function barePromises(tasks: number): Promise<number> {
  const began = performance.now();
  const resolves = new Array<(value: number) => void>(tasks);
  const promises = new Array<Promise<number>>(tasks);
  for (let k = 0; k < tasks; k++) promises[k] = new Promise((resolve) => (resolves[k] = resolve));
  const awaited = checked(promises);
  for (let k = 0; k < tasks; k++) resolves[k]?.(k + 1);
  await awaited;
  return (1e3 * tasks) / (performance.now() - began);
}

function callMany(tasks: number): PromiseLike<number>[] {
  const futures = new Array<PromiseLike<number>>(tasks);
  for (let k = 0; k < tasks; k++) futures[k] = increment(k);
  return futures;
}

async function checked(futures: PromiseLike<number>[]): Promise<void> {
  const results = await Promise.all(futures);
  for (let k = 0; k < results.length; k++)
    if (results[k] !== k + 1) throw new Error(`calls: result ${k} is ${results[k]}`);
}

// Calls are sent when the turn ends, so within it none is answered.
async function bytesPerTask(tasks: number): Promise<number> {
  await sleep(5); // What the calls before left to do.
  gc();
  const before = memory();
  const awaited = checked(callMany(tasks));
  gc();
  const bytes = memory() - before;
  await awaited;
  return bytes / tasks;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
