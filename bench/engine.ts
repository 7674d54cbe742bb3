/** The engine as a user starts it, with the apps of the benches. */

import { type Engine, start } from "heddle";
import type { Bench } from "./bench.ts";
import type { BenchOptions } from "./options.ts";

/** Workers of a rank where nobody said how many: as many as the reference figures had. */
export function workersOfRank({ workers, ranks }: BenchOptions): number {
  return workers ?? (ranks === null ? 2 : 1);
}

/** Starts it with the apps of a module; returns on rank 0 alone. */
export async function startEngine(options: BenchOptions, apps = "./apps.js"): Promise<Engine> {
  const workers = workersOfRank(options);
  const slots = { processSlots: workers, nativeSlots: workers };
  return await start({ apps: [new URL(apps, import.meta.url)], workers, ...slots });
}

/** What every bench on the engine says of itself. */
export function placeOf(engine: Engine, options: BenchOptions): Pick<Bench, "ranks" | "workers"> {
  return { ranks: engine.ranks, workers: workersOfRank(options) };
}
