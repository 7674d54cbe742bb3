/**
 * Question: how long from the start of mpiexec until every rank has run a task?
 * Expect:   Node and MPI take most of it; beyond that, the joining of the ranks, the start of one worker each, and tasks of 20 ms.
 * Read:     seconds from before mpiexec until the first result of the last rank is here, of 320 tasks that sleep 20 ms each.
 *           Median of several starts.
 */

import { app, context, range, run } from "heddle";
import { print } from "./bench.ts";
import { benchOptions } from "./options.ts";

const NAP_MS = 20;
const clock = new Int32Array(new SharedArrayBuffer(4));

const nap = app("bench-nap", (_: number): number => {
  Atomics.wait(clock, 0, 0, NAP_MS);
  return context().rank;
});

await run(
  async () => {
    const { ranks, workers, smoke } = benchOptions();
    const tasks = smoke ? 20 * (ranks ?? 1) : 320;
    const began = Number(process.env["HEDDLE_BENCH_STARTED"]);
    const joined = Date.now();
    const seen = new Set<number>();
    let seconds = Number.NaN;
    for await (const { value } of nap.map(range(0, tasks))) {
      if (seen.size < (ranks ?? 1) && seen.add(value).size === (ranks ?? 1)) seconds = (Date.now() - began) / 1e3;
    }
    if (Number.isNaN(seconds))
      throw new Error(`start: of ${ranks} ranks only ${[...seen].sort().join(", ")} ran a task`);
    print({
      bench: "start",
      case: "hello",
      ranks: ranks ?? 1,
      workers: workers ?? 1,
      tasks,
      rounds: 1,
      ...(smoke ? { smoke: true } : {}),
      seconds,
      joined_s: (joined - began) / 1e3,
      done_s: (Date.now() - began) / 1e3,
    });
  },
  { workers: benchOptions().workers ?? 1 },
);
