/** The ways to start a program, as a user types them. */

export type Mpi = "mpich" | "openmpi";

export const mpis: readonly Mpi[] = ["mpich", "openmpi"];

/** `mpiexec -n RANKS node PROGRAM ...` of one MPI. Flags go before -n. */
export function mpiexec(mpi: Mpi, ranks: number, program: readonly string[], flags: readonly string[] = []): string[] {
  // Root must say so twice to Open MPI; and there may be fewer cores than ranks.
  const own = mpi === "openmpi" ? ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"] : [];
  return [`mpiexec.${mpi}`, ...own, ...flags, "-n", String(ranks), process.execPath, ...program];
}

export interface Way {
  name: string;
  ranks: number;
  command: (program: readonly string[]) => string[];
}

export const onThreads: Way = { name: "threads", ranks: 1, command: (program) => [process.execPath, ...program] };

export function onRanks(mpi: Mpi, ranks: number): Way {
  return { name: `${ranks} ranks of ${mpi}`, ranks, command: (program) => mpiexec(mpi, ranks, program) };
}
