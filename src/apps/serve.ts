/** What a rank above 0 does, and what happens when a program cannot be served. */

import type { Engine } from "../dataflow/engine.ts";
import type { HeddleError } from "../errors.ts";
import { FabricExecutor } from "../executors/fabric.ts";
import { errorReport } from "../monitoring/report.ts";

const KEEP_ALIVE_MS = 0x7fff_ffff;

/** Serves until rank 0 closes the session; the process ends then. */
export function serveForEver(): Promise<never> {
  setInterval(() => {}, KEEP_ALIVE_MS); // The fabric's threads keep no event loop alive.
  return new Promise<never>(() => {});
}

/** A rank that serves `start()` lost the others: says so, and ends what is left of the job. */
export function endServing(engine: Engine, error: HeddleError): void {
  process.stderr.write(`heddle: rank ${engine.rank} (${engine.hostname}): ${errorReport(error)}\n`);
  engine.abort(1);
  process.exit(1);
}

/** A worker cannot load the program. The job cannot go on: rank 0 reports it. */
export function onBrokenProgram(message: string, engine: Engine | null): void {
  const executor = engine?.executor;
  const where =
    executor === undefined || executor.ranks === 1 ? "" : ` of rank ${executor.rank} (${executor.hostname})`;
  const text = `A worker${where} cannot load the program: ${message}`;
  const fabric = executor?.members.map((member) => member.executor).find((one) => one instanceof FabricExecutor);
  fabric?.session.native.fail("ERR_PROGRAM", text);
}
