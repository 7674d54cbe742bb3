/**
 * Which launcher started this process, from its environment alone: a pure function, so that `heddle doctor` can explain
 * what will happen without doing it.
 *
 * Never a silent singleton: a parallel launcher that cannot be served is an error, not N programs that each believe to
 * be alone.
 */

import { HeddleError } from "../errors.ts";

export type MpiFlavour = "mpich" | "openmpi";

/** What the launcher says of this process. */
export interface MpiLaunch {
  kind: "mpi";
  flavour: MpiFlavour;
  rank: number;
  ranks: number;
  /** Ranks on this node; null: not said. */
  localRanks: number | null;
  /** The variables that decided, for people. */
  because: string;
}

export type Launch = { kind: "threads"; because: string } | MpiLaunch;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment. `HEDDLE_MPI` = "mpich" or "openmpi" says which MPI a launcher serves where it does not show;
 * "none" means threads whatever the launcher.
 *
 * @throws {@link HeddleError} `ERR_LAUNCHER` where the launcher is parallel and its MPI unknown; `ERR_CONFIG` for a
 *   wrong `HEDDLE_MPI`.
 */
export function detectLaunch(env: Environment): Launch {
  const wanted = wantedFlavour(env);
  if (wanted === "none") return { kind: "threads", because: "HEDDLE_MPI=none" };
  return fromOpenMpi(env, wanted) ?? fromPmix(env, wanted) ?? fromPmi(env, wanted) ?? fromSlurm(env, wanted);
}

/**
 * Throws `ERR_LAUNCHER` where a parallel launcher started a program that would not use it: every rank would run the whole
 * of it and believe to be alone.
 */
export function requireAlone(env: Environment, executor: string): void {
  const launch = detectLaunch(env);
  if (launch.kind === "threads" || launch.ranks === 1) return;
  throw new HeddleError(
    "ERR_LAUNCHER",
    `The executor is "${executor}", but a launcher started ${launch.ranks} ranks (${launch.because}).`,
    "start it without mpiexec or srun; for independent programs set HEDDLE_MPI=none",
  );
}

function wantedFlavour(env: Environment): MpiFlavour | "none" | null {
  const given = env["HEDDLE_MPI"];
  if (given === undefined || given === "" || given === "auto") return null;
  if (given === "mpich" || given === "openmpi" || given === "none") return given;
  throw new HeddleError("ERR_CONFIG", `HEDDLE_MPI is "${given}".`, "set it to mpich, openmpi, none or auto");
}

function fromOpenMpi(env: Environment, wanted: MpiFlavour | null): MpiLaunch | null {
  const ranks = integer(env, "OMPI_COMM_WORLD_SIZE");
  if (ranks === null) return null;
  return {
    kind: "mpi",
    flavour: wanted ?? "openmpi",
    rank: integer(env, "OMPI_COMM_WORLD_RANK") ?? 0,
    ranks,
    localRanks: integer(env, "OMPI_COMM_WORLD_LOCAL_SIZE"),
    because: "OMPI_COMM_WORLD_SIZE is set: mpiexec of Open MPI",
  };
}

// srun --mpi=pmix, or PRRTE. Open MPI is what is mostly behind it; MPICH built with PMIx needs HEDDLE_MPI=mpich.
function fromPmix(env: Environment, wanted: MpiFlavour | null): MpiLaunch | null {
  const rank = integer(env, "PMIX_RANK");
  if (rank === null || env["PMIX_NAMESPACE"] === undefined) return null;
  const ranks = integer(env, "SLURM_NTASKS") ?? integer(env, "SLURM_STEP_NUM_TASKS") ?? integer(env, "PMIX_SIZE");
  if (ranks === null) {
    throw new HeddleError(
      "ERR_LAUNCHER",
      "PMIX_RANK is set, but nothing says how many ranks there are.",
      "start with mpiexec or `srun --mpi=pmix`",
    );
  }
  return {
    kind: "mpi",
    flavour: wanted ?? "openmpi",
    rank,
    ranks,
    localRanks: localRanksOfSlurm(env),
    because: "PMIX_RANK and PMIX_NAMESPACE are set: a PMIx launcher such as srun --mpi=pmix",
  };
}

function fromPmi(env: Environment, wanted: MpiFlavour | null): MpiLaunch | null {
  const ranks = integer(env, "PMI_SIZE");
  const how = env["PMI_FD"] !== undefined ? "PMI_FD" : env["PMI_PORT"] !== undefined ? "PMI_PORT" : null;
  if (ranks === null || how === null) return null;
  return {
    kind: "mpi",
    flavour: wanted ?? "mpich",
    rank: integer(env, "PMI_RANK") ?? 0,
    ranks,
    localRanks: integer(env, "MPI_LOCALNRANKS") ?? localRanksOfSlurm(env),
    because: `${how} and PMI_SIZE are set: mpiexec of MPICH, or srun --mpi=pmi2`,
  };
}

function fromSlurm(env: Environment, wanted: MpiFlavour | null): Launch {
  const ranks = integer(env, "SLURM_STEP_NUM_TASKS") ?? integer(env, "SLURM_NTASKS");
  const rank = integer(env, "SLURM_PROCID");
  // SLURM_NTASKS alone is also set in a batch script, where this is the only process: the step tells them apart.
  const inStep = env["SLURM_STEP_ID"] !== undefined && rank !== null && ranks !== null && ranks > 1;
  if (!inStep) return { kind: "threads", because: "no parallel launcher in the environment" };
  if (wanted !== null) {
    const because = `HEDDLE_MPI=${wanted} and SLURM_PROCID: srun`;
    return { kind: "mpi", flavour: wanted, rank, ranks, localRanks: localRanksOfSlurm(env), because };
  }
  throw new HeddleError(
    "ERR_LAUNCHER",
    `srun started ${ranks} tasks without PMI or PMIx; each would believe to be alone.`,
    "use `srun --mpi=pmi2` (MPICH), `srun --mpi=pmix` (Open MPI), or set HEDDLE_MPI=none for independent programs",
  );
}

// "16(x2),3" lists tasks per node; only the case of equal nodes is of use here.
function localRanksOfSlurm(env: Environment): number | null {
  const match = /^(\d+)(\(x\d+\))?$/.exec(env["SLURM_STEP_TASKS_PER_NODE"] ?? "");
  return match === null ? null : Number(match[1]);
}

function integer(env: Environment, name: string): number | null {
  const text = env[name];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
