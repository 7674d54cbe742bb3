/**
 * Which parameters make a model of foxes and hares follow what was observed? An evolution that decides what runs next from
 * the results that are there, and never waits for a whole generation.
 *
 *   heddle run examples/optimise/optimise.ts [SEED]
 *
 * Differential evolution (Storn and Price, 1997), asynchronous: each member of the population has a loop of its own. It awaits
 * the cost of its trial, keeps the better of the two, and makes the next trial from whatever the others are by then. The
 * observations come from known parameters, so that the answer can be checked.
 */
import { app, run } from "heddle";
import { costOf, LIMITS, TRUTH } from "./hares.ts";

const MEMBERS = 32;
const EVALUATIONS_MAX = 20_000;
const GOAL = 1e-6; // Mean square of the error. The observations have none.

const cost = app("cost", costOf, { returns: "f64" });

interface Member {
  point: number[];
  cost: number;
}

/** A small generator: numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const clamp = (value: number, [low, high]: readonly [number, number]): number => Math.min(high, Math.max(low, value));

/** Where to look next: one of them, and the difference of two others. One coordinate at least is new. */
function trialOf(members: Member[], own: Member, random: () => number): number[] {
  const any = (): number[] => members[Math.floor(random() * members.length)]!.point;
  const [a, b, c, sure] = [any(), any(), any(), Math.floor(random() * LIMITS.length)];
  const weight = 0.4 + 0.5 * random();
  return own.point.map((value, k) => {
    return k === sure || random() < 0.9 ? clamp(a[k]! + weight * (b[k]! - c[k]!), LIMITS[k]!) : value;
  });
}

await run(async () => {
  const random = randomFrom(Number(process.argv[2] ?? 1));
  const members = Array.from({ length: MEMBERS }, (): Member => {
    return { point: LIMITS.map(([low, high]) => low + random() * (high - low)), cost: Number.POSITIVE_INFINITY };
  });
  let evaluations = 0;
  let best = Number.POSITIVE_INFINITY;

  async function evolve(own: Member): Promise<void> {
    for (let trial = own.point; best > GOAL && evaluations < EVALUATIONS_MAX; trial = trialOf(members, own, random)) {
      evaluations++;
      const found = await cost(trial);
      if (found >= own.cost) continue;
      Object.assign(own, { point: trial, cost: found });
      best = Math.min(best, found);
    }
  }
  await Promise.all(members.map(evolve));

  const { point } = members.reduce((a, b) => (b.cost < a.cost ? b : a));
  const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(" ");
  console.log(`after ${evaluations} evaluations the mean square of the error is ${best.toExponential(1)}`);
  console.log(`found ${shown(point)}\ntruth ${shown(TRUTH)}`);
  const near = point.every((value, k) => Math.abs(value / TRUTH[k]! - 1) < 0.01);
  console.log(near ? "each within 1 % of the truth" : "not the truth");
  if (!near) process.exitCode = 1;
});
