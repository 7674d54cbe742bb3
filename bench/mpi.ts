/** The mpiexec that starts a bench's ranks. */

import { type FoundMpiexec, findMpiexecs } from "../src/launchers/find.ts";
import { mpiexecMpich, mpiexecOpenMpi } from "../src/launchers/mpiexec.ts";
import { type MpiFlavour, mpiLibrary } from "../src/native/load.ts";

export interface Mpi {
  flavour: MpiFlavour;
  mpiexec: FoundMpiexec;
}

/** The wanted MPI, or the first whose library is built. Throws if there is no mpiexec for it, or no library. */
export async function findMpi(wanted: MpiFlavour | null): Promise<Mpi> {
  const found = await findMpiexecs();
  const flavours: MpiFlavour[] = wanted === null ? ["mpich", "openmpi"] : [wanted];
  for (const flavour of flavours) {
    const mpiexec = found.find((one) => one.flavour === flavour);
    if (mpiexec !== undefined && mpiLibrary(flavour) !== null) return { flavour, mpiexec };
  }
  const missing = flavours.map((flavour) =>
    mpiLibrary(flavour) === null ? `no library for ${flavour} is built` : `no mpiexec of ${flavour} is on PATH`,
  );
  throw new Error(`${missing.join("; ")}: npm run build, after the MPI is installed`);
}

/** The command that runs `command` on so many ranks, and what to add to its environment. */
export function rankCommand(
  { flavour, mpiexec }: Mpi,
  ranks: number,
  command: string[],
  environment: Record<string, string>,
): { argv: string[]; environment: Record<string, string> } {
  const launcher = flavour === "mpich" ? mpiexecMpich(mpiexec.path) : mpiexecOpenMpi(mpiexec.path);
  return launcher({ command, ranks, coresPerRank: null, environment, asRoot: process.getuid?.() === 0 });
}
