/**
 * Question: how soon after a submit has every rank begun, and how soon are all dry again? From whatever rank the submit comes?
 * Expect:   log2(ranks) hops of a message each; where ranks share cores, the time slices until each had one.
 * Read:     half_ms, most_ms (99 %), all_ms: from the submit until so many ranks have begun a task of 1 ms; dry_ms: until the last
 *           task has ended, of which work_ms is the tasks themselves on the cores that are there. Medians of the rounds, of those whose
 *           submit came from rank 0 (case `rank0`) and from any other (`other`).
 */

import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fill, probe } from "./apps.ts";
import { print } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";
import { median, significant } from "./statistics.ts";

const TASKS_PER_RANK = 20;
const ROUNDS_MIN = 3;

interface Round {
  half: number;
  most: number;
  all: number;
  dry: number;
}

const options = benchOptions();
await using engine = await startEngine(options);
const place = placeOf(engine, options);
const { ranks } = engine;
const tasks = TASKS_PER_RANK * ranks * place.workers;
const rounds: Record<"rank0" | "other", Round[]> = { rank0: [], other: [] };
const wanted = (["rank0", "other"] as const).filter(
  (origin) => (options.only === null || options.only === origin) && (origin === "rank0" || ranks > 1),
);

let turn = 0;
await fill(tasks); // Workers start, and code is compiled.
const began = performance.now();
const late = (): boolean => performance.now() - began > 1e3 * options.seconds * wanted.length;
const enough = (): boolean => wanted.every((origin) => rounds[origin].length >= (options.smoke ? 1 : ROUNDS_MIN));
while (!(enough() && (options.smoke || late()))) {
  await sleep(options.smoke ? 10 : 100); // All asleep again.
  // Busy with a probe of each worker, rank 0 gives the next task away.
  const busy = turn++ % 2 === 0 ? [] : Array.from({ length: place.workers }, () => probe(0));
  const filled = fill(tasks);
  await Promise.all(busy);
  const [rank, submitted, probes] = await filled;
  const round = roundOf(submitted, probes);
  if (round !== null) rounds[rank === 0 ? "rank0" : "other"].push(round);
}
for (const origin of wanted) print(lineOf(origin, rounds[origin]));

/** Null where a rank had no task: then there is no time at which all had begun. */
function roundOf(submitted: number, probes: readonly [number, number][]): Round | null {
  const first = new Map<number, number>();
  let last = 0;
  for (const [rank, at] of probes) {
    first.set(rank, Math.min(first.get(rank) ?? Number.POSITIVE_INFINITY, at));
    last = Math.max(last, at + 1);
  }
  if (first.size < ranks) return null;
  const begun = [...first.values()].sort((a, b) => a - b);
  const after = (part: number): number => begun[Math.ceil(part * ranks) - 1]! - submitted;
  return { half: after(0.5), most: after(0.99), all: after(1), dry: last - submitted };
}

function lineOf(origin: string, all: readonly Round[]) {
  const of = (figure: keyof Round): number => significant(median(all.map((round) => round[figure])));
  return {
    bench: "fill",
    case: origin,
    ...place,
    tasks,
    rounds: all.length,
    ...(options.smoke ? { smoke: true as const } : {}),
    half_ms: of("half"),
    most_ms: of("most"),
    all_ms: of("all"),
    dry_ms: of("dry"),
    work_ms: significant(tasks / Math.min(availableParallelism(), ranks * place.workers)),
  };
}
