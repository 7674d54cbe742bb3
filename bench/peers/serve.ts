/**
 * What the peers in JavaScript share: the protocol of a peer's program, and the five kinds of work where tasks are called one by one.
 *
 * A program prints `ready VERSION KIND...` once its workers have worked. Then it reads a line per round, `KIND NUMBER...` (how many
 * tasks; of `skewed` their milliseconds), and answers `= SECONDS`, of `latency` `= US...`, or `! what is wrong`. It ends with its input.
 */

import { createInterface } from "node:readline";

export const kinds = ["empty", "calls", "latency", "shell", "skewed"] as const;
export type Kind = (typeof kinds)[number];

/** Runs a round, checks its results, and gives its seconds; of `latency` the microseconds of each task. */
export type Way = (numbers: number[]) => Promise<number[]>;
export type Ways = Partial<Record<Kind, Way>>;

/** How a peer calls one task. */
export interface Calls {
  increment(x: number): PromiseLike<number>;
  /** Runs /bin/true; gives its exit code. */
  succeed(k: number): PromiseLike<number>;
  /** Sleeps, and gives the milliseconds. */
  pause(ms: number): PromiseLike<number>;
}

/** Every kind that needs no map. */
export function oneByOne({ increment, succeed, pause }: Calls): Ways {
  return {
    calls: ([tasks]) =>
      timed(
        indexes(tasks),
        (all) => Promise.all(all.map((x) => increment(x))),
        (x) => x + 1,
      ),
    latency: ([tasks]) => latencies(tasks!, increment),
    shell: ([tasks]) =>
      timed(
        indexes(tasks),
        (all) => Promise.all(all.map((x) => succeed(x))),
        () => 0,
      ),
    skewed: (ms) =>
      timed(
        ms,
        (all) => Promise.all(all.map((x) => pause(x))),
        (one) => one,
      ),
  };
}

export function indexes(tasks = 0): number[] {
  return Array.from({ length: tasks }, (_, k) => k);
}

/** Seconds of `run`, whose results must be those of `expected`. */
export async function timed(
  numbers: number[],
  run: (numbers: number[]) => PromiseLike<ArrayLike<number>>,
  expected: (x: number) => number,
): Promise<number[]> {
  const began = performance.now();
  const results = await run(numbers);
  const seconds = (performance.now() - began) / 1e3;
  check(results, numbers.length, (k) => expected(numbers[k]!));
  return [seconds];
}

/** Throws unless there is one result for each task, and the right one. */
export function check(results: ArrayLike<number>, tasks: number, expected: (k: number) => number): void {
  if (results.length !== tasks) throw new Error(`${results.length} results of ${tasks} tasks`);
  for (let k = 0; k < tasks; k++)
    if (results[k] !== expected(k)) throw new Error(`result ${k} is ${results[k]}, not ${expected(k)}`);
}

async function latencies(tasks: number, increment: Calls["increment"]): Promise<number[]> {
  const all = new Array<number>(tasks);
  for (let k = 0; k < tasks; k++) {
    const began = performance.now();
    const result = await increment(k);
    all[k] = 1e3 * (performance.now() - began);
    if (result !== k + 1) throw new Error(`result ${k} is ${result}`);
  }
  return all;
}

/** Serves rounds until the input ends. */
export async function serve(version: string, ways: Ways): Promise<void> {
  await ways.calls?.([16]); // Until workers are there.
  console.log(`ready ${version} ${Object.keys(ways).join(" ")}`);
  for await (const line of createInterface({ input: process.stdin })) {
    const [kind, ...numbers] = line.split(" ");
    try {
      console.log(`= ${(await ways[kind as Kind]!(numbers.map(Number))).join(" ")}`);
    } catch (error) {
      console.log(`! ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** How many workers this program was told to have: its first argument. */
export function workersWanted(): number {
  return Number(process.argv[2]);
}
