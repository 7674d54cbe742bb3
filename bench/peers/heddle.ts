/** Heddle, as a program of `npm run bench -- peers`, through its public API. */

import { createRequire } from "node:module";
import { range, start } from "heddle";
import { increment, pause, succeed } from "./heddle-apps.ts";
import { check, indexes, oneByOne, serve, timed, workersWanted } from "./serve.ts";

const COLUMN_TASKS = 8_000_000; // 64 MB of results: more tasks are further maps, so that no round is about paging.

const { version } = createRequire(import.meta.url)("heddle/package.json") as { version: string };
const workers = workersWanted();
const engine = await start({
  apps: [new URL("./heddle-apps.js", import.meta.url)],
  workers,
  processSlots: workers,
});
const exitCode = async (): Promise<number> => (await succeed()).exitCode;
await serve(version, {
  empty: ([tasks]) => inMaps(tasks!),
  ...oneByOne({ increment, pause, succeed: exitCode }),
  shell: ([tasks]) =>
    timed(
      indexes(tasks),
      async (all) => (await succeed.map(range(all.length)).collect()).map((one) => one.exitCode),
      () => 0,
    ),
  skewed: (ms) =>
    timed(
      ms,
      (all) => pause.map(all).collect(),
      (one) => one,
    ),
});
await engine.close();

async function inMaps(tasks: number): Promise<number[]> {
  let seconds = 0;
  for (let first = 0; first < tasks; first += COLUMN_TASKS) {
    const last = Math.min(tasks, first + COLUMN_TASKS);
    const began = performance.now();
    const results = await increment.map(range(first, last)).collect();
    seconds += (performance.now() - began) / 1e3;
    check(results, last - first, (k) => first + k + 1);
  }
  return [seconds];
}
