/**
 * mpiexec of both MPIs. A rank has several threads and children of its own, so it is never pinned to one core, and there
 * may be more ranks than cores.
 */

import type { Launcher } from "./launcher.ts";

/** MPICH's Hydra. It hands its whole environment to every rank. */
export function mpiexecMpich(mpiexec: string): Launcher {
  return ({ command, ranks, environment }) => ({
    argv: [mpiexec, "-bind-to", "none", "-n", String(ranks), ...command],
    environment: { ...environment },
  });
}

/** Open MPI. To other nodes it hands only the variables that it is told to. */
export function mpiexecOpenMpi(mpiexec: string): Launcher {
  return ({ command, ranks, environment, asRoot }) => {
    const exported = Object.keys(environment).flatMap((name) => ["-x", name]);
    const root = asRoot ? { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" } : {};
    return {
      argv: [mpiexec, "--oversubscribe", "--bind-to", "none", ...exported, "-n", String(ranks), ...command],
      environment: { ...environment, ...root },
    };
  };
}
