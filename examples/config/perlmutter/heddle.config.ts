// Perlmutter (NERSC), GPU nodes: 1 AMD EPYC 7763, 4 NVIDIA A100, 256 GB. CPU nodes have two such processors, no GPU, 512 GB. Slurm.
// Source: docs.nersc.gov/systems/perlmutter/architecture, docs.nersc.gov/beginner-guide/nodetypesfig.
//   srun -N 8 -n 8 --ntasks-per-node=1 -C gpu --gpus-per-node=4 -c 128 node screen.js
// Check at the site: cores of that processor (64 are assumed), and memory left for jobs. On CPU nodes: workers 128, no gpus, 470 GB.

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({
  executor: "auto",
  workers: 64,
  gpus: 4,
  memory: "230 GB",
  affinity: "cores",
});

export default config;
