/** workerpool, as a program of `npm run bench -- peers`: on threads. It has no map. */

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import { oneByOne, serve, workersWanted } from "./serve.ts";

const { version } = createRequire(import.meta.url)("workerpool/package.json") as { version: string };
const workers = workersWanted();
const pool = workerpool.pool(fileURLToPath(new URL("./workerpool-worker.js", import.meta.url)), {
  minWorkers: workers,
  maxWorkers: workers,
  workerType: "thread",
});
const call =
  (name: string) =>
  (x: number): PromiseLike<number> =>
    pool.exec(name, [x]) as PromiseLike<number>;
await serve(version, oneByOne({ increment: call("increment"), succeed: call("succeed"), pause: call("pause") }));
await pool.terminate();
