/**
 * Entry of a JS worker thread: loads the program (or the modules of apps), then serves. A program's run() hands the
 * thread over by calling what lies under WORKER_HOOK; whatever stands after run() never executes here.
 */

import { parentPort, workerData } from "node:worker_threads";
import { setWorkerHook } from "./hook.ts";
import type { WorkerMessage, WorkerStart } from "./protocol.ts";
import { serve } from "./serve.ts";

const start = workerData as WorkerStart;

function tell(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

function broken(error: unknown): void {
  tell({ kind: "broken", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function begin(): void {
  tell({ kind: "ready" });
  serve(start).then(() => process.exit(0), broken);
}

// This thread's own copy.
Object.assign(process.env, { HEDDLE_RANK: String(start.rank), HEDDLE_WORKER: String(start.worker) });
process.argv.splice(1, process.argv.length, ...start.argv.slice(1));
process.setSourceMapsEnabled(start.sourceMaps);

if ("modules" in start.load) {
  try {
    for (const module of start.load.modules) await import(module);
    begin();
  } catch (error) {
    broken(error);
  }
} else {
  let handedOver = false;
  setWorkerHook(() => {
    if (handedOver) return;
    handedOver = true;
    begin();
  });
  const { program } = start.load;
  // Never awaited to the end where the program awaits run() at its top level: run() does not return here.
  import(program).then(() => {
    if (!handedOver)
      broken(new Error(`${program} was loaded and did not call run(); a worker must reach it as rank 0 does`));
  }, broken);
}
