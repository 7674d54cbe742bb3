/** Slurm's own launcher, inside an allocation: a step that speaks the protocol of the MPI. */

import type { MpiFlavour } from "../native/load.ts";
import type { Launcher } from "./launcher.ts";

/** How each MPI of a usual distribution talks to Slurm. */
export const pmiOf: Record<MpiFlavour, "pmi2" | "pmix"> = { mpich: "pmi2", openmpi: "pmix" };

export function srun(flavour: MpiFlavour): Launcher {
  return ({ command, ranks, coresPerRank, environment }) => {
    const cores = coresPerRank === null ? [] : [`--cpus-per-task=${coresPerRank}`];
    // A step that lost a rank cannot go on: without this its other ranks would wait for the end of the allocation.
    const flags = [`--mpi=${pmiOf[flavour]}`, "--kill-on-bad-exit=1", "--export=ALL", ...cores];
    return { argv: ["srun", ...flags, "-n", String(ranks), ...command], environment: { ...environment } };
  };
}

// Slurm gives steps that run no tasks of the user (the batch script, the shell of salloc) the highest numbers.
const ownStepFirst = 0xffff_fff0;

/** Inside an allocation, but not one of its tasks: the place from where srun starts them. */
export function isInAllocation(environment: NodeJS.ProcessEnv): boolean {
  if (environment["SLURM_JOB_ID"] === undefined) return false;
  const step = environment["SLURM_STEP_ID"] ?? environment["SLURM_STEPID"];
  return step === undefined || Number(step) >= ownStepFirst;
}
