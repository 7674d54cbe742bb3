/**
 * Question: how many empty JavaScript tasks per second run through `app.map`, as numbers and as messages?
 * Expect:   `f64`: a range in, a column out, so no byte per task until the result: near what a worker's bare loop does.
 *           `msgpack64`: 64 bytes in and 64 out for each task, encoded and decoded on both sides: bound by that.
 * Read:     tasks/s, median of the rounds. Every result is checked, outside the measured time. floor_per_s: the same values encoded,
 *           decoded, encoded, decoded and kept by one thread in a bare loop, in the same round, and ratio to it: mostly the cost
 *           of keeping them, which the program's thread pays either way.
 */

import { range } from "heddle";
import { decodeInto, decodeMany, encodeManyShared } from "../src/serialize/codec.ts";
import { echo, identity } from "./apps.ts";
import { measure, type Round } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";

const COLUMN_TASKS = 8_000_000; // 64 MB of results: more tasks are further maps, so that no round is about paging.
const MESSAGE_TASKS = 400_000;
const LOOP_TASKS = 1_024; // Values of the bare loop that are under way at once: they stay in the cache.

const options = benchOptions();
await using engine = await startEngine(options);
let inputs: number[][] | null = null;

await measure(
  {
    name: "map",
    ...placeOf(engine, options),
    stats: () => engine.gatherStats(),
    cases: [
      { name: "f64", tasks: 1_000_000, smokeTasks: 100_000, run: (tasks) => inParts(tasks, COLUMN_TASKS, numbers) },
      { name: "msgpack64", tasks: 20_000, smokeTasks: 4_000, run: besideBareLoop },
    ],
  },
  options,
);

/** One map after the other; `one` returns its seconds. */
async function inParts(tasks: number, largest: number, one: (tasks: number) => Promise<number>): Promise<Round> {
  let seconds = 0;
  for (let left = tasks; left > 0; left -= largest) seconds += await one(Math.min(left, largest));
  return { seconds };
}

async function besideBareLoop(tasks: number): Promise<Round> {
  const round = await inParts(tasks, MESSAGE_TASKS, messages);
  const floor = bareLoop(Math.min(tasks, MESSAGE_TASKS));
  return { ...round, figures: { floor_per_s: floor, ratio: tasks / (round.seconds as number) / floor } };
}

async function numbers(tasks: number): Promise<number> {
  const began = performance.now();
  const column = await identity.map(range(0, tasks)).collect();
  const seconds = (performance.now() - began) / 1e3;
  for (let k = 0; k < tasks; k++) if (column[k] !== k) throw new Error(`f64: result ${k} is ${column[k]}`);
  return seconds;
}

async function messages(tasks: number): Promise<number> {
  inputs ??= Array.from({ length: MESSAGE_TASKS }, (_, k) => sevenDoubles(k));
  const input = inputs.slice(0, tasks);
  const began = performance.now();
  const results = await echo.map(input).collect();
  const seconds = (performance.now() - began) / 1e3;
  for (let k = 0; k < tasks; k++) {
    const [sent, got] = [input[k]!, results[k]!];
    if (got.length !== 7 || got[0] !== sent[0] || got[6] !== sent[6])
      throw new Error(`msgpack64: result ${k} is ${got}`);
  }
  return seconds;
}

/** Tasks per second of one thread that does what must be done with the values, and nothing else. */
function bareLoop(tasks: number): number {
  const input = (inputs as number[][]).slice(0, tasks);
  const results: number[][] = new Array(tasks);
  const began = performance.now();
  for (let k = 0; k < tasks; k += LOOP_TASKS) {
    const arguments_ = decodeMany(encodeManyShared(input.slice(k, k + LOOP_TASKS))) as number[][];
    decodeInto(encodeManyShared(arguments_.map((value) => value)), results, k);
  }
  const seconds = (performance.now() - began) / 1e3;
  if (results[tasks - 1]?.[6] !== input[tasks - 1]?.[6]) throw new Error("msgpack64: the bare loop is wrong");
  return tasks / seconds;
}

/** 64 bytes of msgpack: the head of an array and seven doubles of nine bytes. */
function sevenDoubles(k: number): number[] {
  return Array.from({ length: 7 }, (_, j) => k + (j + 1) / 8.5);
}
