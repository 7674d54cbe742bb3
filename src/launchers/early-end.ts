/**
 * A rank of MPICH that ends before MPI has started, because its program does not load there: Hydra takes no notice, and
 * the other ranks would wait in MPI_Init for ever. So it asks Hydra to end the job, in the words of the PMI protocol.
 * (Open MPI's mpiexec ends a job whose rank ends with a code other than 0 by itself.)
 */

import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { letLauncherRead } from "./last-words.ts";

let armed = true;

/** From here on MPI is responsible; the connection to the launcher is its own. */
export function mpiStarts(): void {
  armed = false;
}

/** What to write to which file descriptor; `null`: nothing. Pure. */
export function abortRequest(environment: NodeJS.ProcessEnv, code: number): { fd: number; text: string } | null {
  const fd = environment["PMI_FD"];
  // Slurm hands out such a connection too, but ends a step that lost a rank in its own way.
  const hydra = environment["MPI_LOCALNRANKS"] !== undefined || environment["HYDI_CONTROL_FD"] !== undefined;
  if (code === 0 || !hydra || fd === undefined || !/^\d+$/.test(fd)) return null;
  if (environment["HEDDLE_MPI"] === "none") return null;
  return { fd: Number(fd), text: `cmd=abort exitcode=${code}\n` };
}

if (isMainThread) {
  // Node.js tells of an uncaught error after "exit": the launcher would have ended this process by then.
  process.on("uncaughtExceptionMonitor", (error) => {
    if (armed && abortRequest(process.env, 1) !== null) console.error(error);
  });
  process.once("exit", (code) => {
    const request = armed ? abortRequest(process.env, code) : null;
    if (request === null) return;
    letLauncherRead();
    try {
      writeSync(request.fd, request.text);
    } catch {
      // There is no launcher behind the number: nobody waits.
    }
  });
}
