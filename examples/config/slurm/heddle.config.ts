// A Slurm machine: one rank on each node of the allocation, one worker for each core that Slurm gives it.
//   sbatch -N 8 --ntasks-per-node=1 --cpus-per-task=CORES --wrap "heddle run -n 8 screen.ts"
// Check at the site: cores of a node, and which `srun --mpi=` its MPI wants (pmi2 for MPICH, pmix for Open MPI).

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({ executor: "auto", workers: "auto", affinity: "cores", runDir: "runinfo" });

export default config;
