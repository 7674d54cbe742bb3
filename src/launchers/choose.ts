/** Which launcher starts the ranks of `heddle run -n`. */

import { HeddleError } from "../errors.ts";
import { installHints } from "../native/build-mpi.ts";
import type { MpiFlavour } from "../native/load.ts";
import type { FoundMpiexec } from "./find.ts";
import type { Launcher } from "./launcher.ts";
import { mpiexecMpich, mpiexecOpenMpi } from "./mpiexec.ts";
import { isInAllocation, srun } from "./srun.ts";

/** What there is to choose from. */
export interface Surroundings {
  environment: NodeJS.ProcessEnv;
  mpiexecs: readonly FoundMpiexec[];
  /** MPIs whose library is built. */
  built: readonly MpiFlavour[];
  /** Is there an srun? */
  srun: boolean;
}

export interface Choice {
  flavour: MpiFlavour;
  launcher: Launcher;
  /** One line for people: what, and why. */
  why: string;
}

export const flavours: readonly MpiFlavour[] = ["mpich", "openmpi"];

export const mpiNames: Record<MpiFlavour, string> = { mpich: "MPICH", openmpi: "Open MPI" };

/** Reads `--mpi` or HEDDLE_MPI. Throws `ERR_CONFIG` for a name that is none. */
export function parseFlavour(text: string | undefined, where: string): MpiFlavour | null {
  if (text === undefined || text === "") return null;
  const flavour = flavours.find((one) => one === text);
  if (flavour !== undefined) return flavour;
  throw new HeddleError("ERR_CONFIG", `${where} is ${JSON.stringify(text)}.`, `use ${flavours.join(" or ")}`);
}

/**
 * Inside a Slurm allocation srun; else mpiexec of the wanted MPI; else of the first that is built; else of the first
 * there is. MPICH comes before Open MPI. Pure: one machine always gets one answer. Throws `ERR_LAUNCHER`.
 */
export function chooseLauncher(wanted: MpiFlavour | null, around: Surroundings): Choice {
  const ordered = [...flavours].sort((a, b) => Number(around.built.includes(b)) - Number(around.built.includes(a)));
  if (isInAllocation(around.environment) && around.srun) {
    const flavour = wanted ?? (ordered[0] as MpiFlavour);
    const job = around.environment["SLURM_JOB_ID"];
    return { flavour, launcher: srun(flavour), why: `srun for ${mpiNames[flavour]}, inside Slurm job ${job}` };
  }
  const usable = (wanted === null ? ordered : [wanted]).flatMap(
    (flavour) => around.mpiexecs.find((one) => one.flavour === flavour) ?? [],
  );
  const found = usable[0];
  if (found === undefined) throw notFound(wanted, around.mpiexecs);
  const flavour = found.flavour as MpiFlavour;
  const wrap = flavour === "mpich" ? mpiexecMpich : mpiexecOpenMpi;
  const reason = wanted !== null ? "asked for" : around.built.includes(flavour) ? "its library is built" : "found";
  return { flavour, launcher: wrap(found.path), why: `${found.path} (${found.version}), ${reason}` };
}

function notFound(wanted: MpiFlavour | null, mpiexecs: readonly FoundMpiexec[]): HeddleError {
  const what = wanted === null ? "mpiexec of MPICH or Open MPI" : `mpiexec of ${mpiNames[wanted]}`;
  const others = mpiexecs.map((one) => `${one.path} is ${one.version}`).join("; ");
  const hint = `${installHints[wanted ?? "mpich"]}${wanted === null ? "  (or run without -n, on threads)" : ""}`;
  return new HeddleError("ERR_LAUNCHER", `No ${what} on PATH${others === "" ? "" : ` (${others})`}.`, hint);
}
