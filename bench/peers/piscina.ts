/** piscina, as a program of `npm run bench -- peers`. It has no map. */

import { Piscina, version } from "piscina";
import { oneByOne, serve, workersWanted } from "./serve.ts";

const workers = workersWanted();
const pool = new Piscina({
  filename: new URL("./tasks.js", import.meta.url).href,
  minThreads: workers,
  maxThreads: workers,
});
const call =
  (name: string) =>
  (x: number): Promise<number> =>
    pool.run(x, { name });
await serve(version, oneByOne({ increment: call("increment"), succeed: call("succeed"), pause: call("pause") }));
await pool.destroy();
