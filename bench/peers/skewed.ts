/** Durations of tasks as they are in the field: most short, some long. */

const SEED = 42;
const MEDIAN_MS = 20;
const SIGMA = 1; // Of the logarithm: the mean is 1.6 times the median, one in a hundred ten times.

/** Log-normal milliseconds that add up to `total`; always the same. */
export function skewedMilliseconds(total: number): number[] {
  const random = randomOf(SEED);
  const all: number[] = [];
  let left = total;
  while (left > 0) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const ms = Math.min(left, Math.round(10 * MEDIAN_MS * Math.exp(SIGMA * normal)) / 10);
    all.push(Math.round(10 * ms) / 10);
    left = Math.round(10 * (left - ms)) / 10;
  }
  return all;
}

/** Numbers from 0 up to 1: a linear congruential generator, with the constants of Numerical Recipes. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
