/** Entry of a JS worker thread, and of a process for isolated tasks: loads the program, then serves. */

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { serveIsolated } from "./isolated.ts";
import { loadProgram } from "./load.ts";
import type { WorkerMessage, WorkerStart } from "./protocol.ts";
import { serve } from "./serve.ts";

function work(start: WorkerStart): void {
  const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);
  const broken = (message: string): void => tell({ kind: "broken", message });
  const begin = (): void => {
    tell({ kind: "ready" });
    serve(start).then(
      () => process.exit(0),
      (error) => broken(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  };
  void loadProgram(start, begin, broken);
}

if (isMainThread) serveIsolated();
else work(workerData as WorkerStart);
