/**
 * Which ranks take part, and how soon? 320 tasks sleep 20 ms each and say where they ran.
 *
 *   heddle run examples/hello.ts
 *   heddle run -n 16 examples/hello.ts
 *   heddle run -n 16 examples/hello.ts 4000    more tasks, for a machine where ranks start late
 */
import { setTimeout as sleep } from "node:timers/promises";
import { app, context, range, run } from "heddle";

const TASKS = Number(process.argv[2] ?? 320);
const SLEEP_MS = 20;

const hello = app(
  "hello",
  async (_: number) => {
    await sleep(SLEEP_MS);
    return context().rank;
  },
  { returns: "u32" },
);

/** Seconds since this process started. */
function elapsed(): string {
  return (performance.now() / 1_000).toFixed(2);
}

await run(async () => {
  const tasks = new Map<number, number>();
  let lastNew = elapsed();
  for await (const { value: rank } of hello.map(range(TASKS))) {
    if (!tasks.has(rank)) lastNew = elapsed();
    tasks.set(rank, (tasks.get(rank) ?? 0) + 1);
  }
  const ranks = tasks.size === 1 ? "1 rank" : `${tasks.size} ranks`;
  console.log(`${ranks} took part; each of them had run a task ${lastNew} s after the start`);
  console.log(`all ${TASKS} tasks were done after ${elapsed()} s; tasks by rank:`);
  const shares = [...tasks].sort(([a], [b]) => a - b).map(([rank, count]) => `${rank}: ${count}`);
  console.log(shares.join("  "));
});
