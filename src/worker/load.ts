/** Loads the program (or the modules of apps) where tasks run: in a JS worker, or in a process for isolated tasks. */

import { setWorkerHook } from "./hook.ts";
import type { ProgramStart } from "./protocol.ts";

/**
 * A program's run() hands over by calling what lies under WORKER_HOOK; whatever stands after run() never executes here.
 * Calls `begin` once, or `broken` with the error for people.
 */
export async function loadProgram(
  start: ProgramStart,
  begin: () => void,
  broken: (message: string) => void,
): Promise<void> {
  const fail = (error: unknown): void =>
    broken(error instanceof Error ? (error.stack ?? error.message) : String(error));
  Object.assign(process.env, { HEDDLE_RANK: String(start.rank), HEDDLE_WORKER: String(start.worker) });
  process.argv.splice(1, process.argv.length, ...start.argv.slice(1));
  process.setSourceMapsEnabled(start.sourceMaps);
  try {
    if ("program" in start.load) return await loadUntilRun(start.load.program, begin, fail);
    for (const module of start.load.modules) await import(module);
    begin();
  } catch (error) {
    fail(error);
  }
}

async function loadUntilRun(program: string, begin: () => void, fail: (error: unknown) => void): Promise<void> {
  let handedOver = false;
  setWorkerHook(() => {
    if (handedOver) return;
    handedOver = true;
    begin();
  });
  // Does not end where the program awaits run() at its top level: run() does not return here.
  await import(program);
  if (!handedOver)
    fail(new Error(`${program} was loaded and did not call run(); a worker must reach it as rank 0 does`));
}
