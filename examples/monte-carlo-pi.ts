/**
 * Pi by throwing darts: a million tasks' worth of random numbers, and one sum that comes back.
 *
 *   heddle run examples/monte-carlo-pi.ts [TASKS]
 *
 * `context().random` depends on the batch's seed and the task's index alone, and `reduce` adds in the order of the
 * indexes, so the digits are the same on any number of ranks.
 */
import { app, context, range, run } from "heddle";

const DARTS = 100_000; // thrown by one task

const hits = app(
  "hits",
  (_: number) => {
    const { random } = context();
    let inside = 0;
    for (let dart = 0; dart < DARTS; dart++) if (random() ** 2 + random() ** 2 < 1) inside++;
    return inside;
  },
  { returns: "f64" },
);

await run(async () => {
  const tasks = Number(process.argv[2] ?? 1_000);
  if (!Number.isInteger(tasks) || tasks < 1)
    throw new RangeError(`TASKS is ${process.argv[2]}; give an integer from 1`);
  const inside = await hits.map(range(tasks), { seed: 2026, progress: true }).reduce("sum");
  const darts = tasks * DARTS;
  const pi = (4 * inside) / darts;
  // The standard error of a proportion, times four.
  const error = 4 * Math.sqrt(((pi / 4) * (1 - pi / 4)) / darts);
  console.log(
    `pi is about ${pi.toFixed(6)}, give or take ${error.toFixed(6)}, from ${darts.toLocaleString("en-US")} darts`,
  );
});
