// Perlmutter (NERSC), GPU nodes: 1 AMD EPYC 7763, 4 NVIDIA A100, 256 GB. CPU nodes have two such processors, no GPU, 512 GB. Slurm.
// Source: docs.nersc.gov/systems/perlmutter/architecture, docs.nersc.gov/beginner-guide/nodetypesfig.
//   srun -N 8 -n 8 --ntasks-per-node=1 -C gpu --gpus-per-node=4 -c 128 node screen.js
// The first page gives 15.4 PFLOPS for 3,072 nodes of two such processors: 2.5 TFLOPS each, which are 64 cores at 2.45 GHz with 16 operations a cycle.
// Check at the site: memory left for jobs. On CPU nodes: workers 128, no gpus, 470 GB.

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({
  executor: "auto",
  workers: 64,
  gpus: 4,
  memory: "230 GB",
  affinity: "cores",
});

export default config;
