/**
 * Measures the cases of one bench: each is warmed up and sized first, then rounds of all cases take turns, so that a change
 * of the machine's mood hits them alike. What counts is the median of the rounds.
 *
 * Runs on rank 0 and prints one JSON line per case; bench/main.ts adds the machine and shows it.
 */

import type { SessionStats } from "../src/native/binding.ts";
import type { BenchOptions } from "./options.ts";
import { fairShares, ranBetween, sharesCount } from "./shares.ts";
import { median, quantile, significant } from "./statistics.ts";

/** One line of output, before the machine is added. */
export interface Line {
  bench: string;
  case: string;
  ranks: number;
  workers: number;
  /** Tasks of one round. */
  tasks: number;
  rounds: number;
  smoke?: true;
  /** Part of the fair share that each rank ran, over all rounds. */
  shares?: number[];
  /** False: the rate does not count. */
  shares_ok?: boolean;
  [figure: string]: unknown;
}

/** What a round gives besides its duration. */
export interface Round {
  /** Latency of each task, us. Then quantiles are shown, and no rate. */
  latencies?: ArrayLike<number>;
  /** How many there were, where it is not as many as asked for. */
  tasks?: number;
  /** Seconds, where only a part of the round is to be measured. */
  seconds?: number;
  /** Other figures; each is shown as the median of its rounds. */
  figures?: Record<string, number>;
}

export interface Case {
  name: string;
  /** How many tasks the first round has; later ones have so many that they last `roundSeconds`. */
  tasks: number;
  /** Never more than this, whatever the time. */
  tasksMax?: number;
  smokeTasks: number;
  roundSeconds?: number;
  /** Runs so many tasks, and throws if what came back is wrong. */
  run(tasks: number): Promise<Round>;
  /** Called once before the first round of this case, when the cases before it are done: they are not interleaved with it. */
  prepare?(): void;
}

/** What a line says of where it was measured. */
export interface Place {
  name: string;
  ranks: number;
  workers: number;
  /** What each rank has run so far: shares are shown. Leave out where tasks have no business on other ranks. */
  stats?: () => SessionStats[] | Promise<SessionStats[]>;
}

export interface Bench extends Place {
  cases: Case[];
}

/** What the rounds of a case have given so far. */
export interface Measured {
  tasks: number;
  seconds: number[];
  p50: number[];
  p99: number[];
  figures: Record<string, number[]>;
  ran: number[];
}

const ROUND_SECONDS = 1.2; // Rates of runs below a second say more about the start than about the middle.
const ROUNDS_MIN = 3;

export async function measure(bench: Bench, options: BenchOptions): Promise<void> {
  const wanted = bench.cases.filter((one) => options.only === null || options.only === one.name);
  for (const group of groups(wanted)) {
    group[0]?.prepare?.();
    const sizes: number[] = [];
    for (const one of group) sizes.push(options.smoke ? one.smokeTasks : await sizeOf(one));
    const measured = group.map((_, k) => newMeasured(sizes[k]!));
    const began = performance.now();
    const late = (): boolean => performance.now() - began > 1e3 * options.seconds * group.length;
    for (let round = 0; round < (options.smoke ? 1 : ROUNDS_MIN) || !(options.smoke || late()); round++) {
      for (const [k, one] of group.entries()) await runRound(bench, one, measured[k]!);
    }
    for (const [k, one] of group.entries()) print(lineOf(bench, one.name, measured[k]!, options.smoke));
  }
}

/** Prints a line for a bench that measures in its own way. */
export function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// A case that prepares something must not disturb those before it.
function groups(cases: readonly Case[]): Case[][] {
  const all: Case[][] = [];
  for (const one of cases) {
    if (all.length === 0 || one.prepare !== undefined) all.push([]);
    all.at(-1)!.push(one);
  }
  return all;
}

/** So many tasks that a round lasts as long as it should. Runs it a few times. */
export async function sizeOf(one: Case): Promise<number> {
  const wanted = one.roundSeconds ?? ROUND_SECONDS;
  const tasksMax = one.tasksMax ?? Number.MAX_SAFE_INTEGER;
  let tasks = one.tasks;
  await timed(one, tasks); // The first run also starts workers and compiles.
  for (;;) {
    const { seconds } = await timed(one, tasks);
    const next = Math.min(tasksMax, Math.ceil(tasks * Math.min(10, wanted / Math.max(1e-4, seconds))));
    if (seconds > wanted / 2 || next <= tasks) return Math.max(next, one.tasks);
    tasks = next;
  }
}

async function timed(one: Case, tasks: number): Promise<{ round: Round; seconds: number }> {
  const began = performance.now();
  const round = await one.run(tasks);
  return { round, seconds: round.seconds ?? (performance.now() - began) / 1e3 };
}

export async function runRound(bench: Place, one: Case, into: Measured): Promise<void> {
  const before = (await bench.stats?.()) ?? [];
  const { round, seconds } = await timed(one, into.tasks);
  into.seconds.push(seconds);
  into.tasks = round.tasks ?? into.tasks;
  if (round.latencies !== undefined) {
    into.p50.push(quantile(round.latencies, 0.5));
    into.p99.push(quantile(round.latencies, 0.99));
  }
  for (const [name, value] of Object.entries(round.figures ?? {})) (into.figures[name] ??= []).push(value);
  const after = (await bench.stats?.()) ?? [];
  for (const [rank, tasks] of ranBetween(before, after).entries()) into.ran[rank] = (into.ran[rank] ?? 0) + tasks;
}

export function newMeasured(tasks: number): Measured {
  return { tasks, seconds: [], p50: [], p99: [], figures: {}, ran: [] };
}

export function lineOf(bench: Place, name: string, measured: Measured, smoke: boolean): Line {
  const { tasks, seconds, p50, p99, figures, ran } = measured;
  const line: Line = {
    bench: bench.name,
    case: name,
    ranks: bench.ranks,
    workers: bench.workers,
    tasks,
    rounds: seconds.length,
    ...(smoke ? { smoke: true } : {}),
  };
  if (p50.length > 0) {
    line["p50_us"] = significant(median(p50));
    line["p99_us"] = significant(median(p99));
  } else {
    const rates = seconds.map((one) => tasks / one);
    line["tasks_per_s"] = significant(median(rates));
    line["p10_per_s"] = significant(quantile(rates, 0.1));
    line["p90_per_s"] = significant(quantile(rates, 0.9));
    line["round_s"] = significant(median(seconds));
  }
  for (const [figure, values] of Object.entries(figures)) line[figure] = significant(median(values));
  if (bench.stats !== undefined && bench.ranks > 1) {
    line.shares = fairShares(ran);
    line.shares_ok = sharesCount(line.shares);
  }
  return line;
}
