/**
 * Question: how many `/bin/true` per second does `bashApp` run, beside a bare C loop that does the same?
 * Expect:   0.9 of the loop or more: the engine adds little to starting a process. The same with 1 GiB of memory in the
 *           parent (`rss1g`), because it is the small guardian that starts them and not the parent.
 * Read:     ratio: commands per second over those of the loop in the same round, median. `floor` is the loop itself
 *           (posix_spawn, pidfd, same redirections and exit checks, as many in flight as there are slots).
 */

import { range } from "heddle";
import { loadBinding } from "../src/native/load.ts";
import { nothing } from "./apps.ts";
import { measure, type Round } from "./bench.ts";
import { placeOf, startEngine, workersOfRank } from "./engine.ts";
import { benchOptions } from "./options.ts";

const GIB = 2 ** 30;

const options = benchOptions();
await using engine = await startEngine(options);
const inFlight = workersOfRank(options) * engine.ranks;
const floorSeconds = options.smoke ? 0.2 : 1;
let ballast: Uint8Array | null = null;

await measure(
  {
    name: "shell",
    ...placeOf(engine, options),
    cases: [
      { name: "small", tasks: 200, smokeTasks: 50, roundSeconds: 2, run: besideFloor },
      { name: "floor", tasks: 1, tasksMax: 1, smokeTasks: 1, roundSeconds: 2, run: floorAlone },
      { name: "rss1g", tasks: 200, smokeTasks: 50, roundSeconds: 2, prepare: grow, run: besideFloor },
    ],
  },
  options,
);

async function besideFloor(tasks: number): Promise<Round> {
  const began = performance.now();
  await nothing.map(range(0, tasks)).discard();
  const seconds = (performance.now() - began) / 1e3;
  const floor = loadBinding().spawnFloor(inFlight, floorSeconds);
  return { seconds, figures: { floor_per_s: floor, ratio: tasks / seconds / floor } };
}

/** The loop says how many per second it did, not how many: as seconds for one. */
async function floorAlone(): Promise<Round> {
  return { seconds: 1 / loadBinding().spawnFloor(inFlight, floorSeconds) };
}

function grow(): void {
  ballast ??= new Uint8Array(options.smoke ? GIB / 16 : GIB);
  for (let k = 0; k < ballast.length; k += 4096) ballast[k] = 1; // Only touched pages are there.
}
