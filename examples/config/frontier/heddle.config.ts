// Frontier (OLCF): 9,856 nodes, each with 64 cores (2 threads each), 8 GPUs (the dies of 4 AMD MI250X), 512 GB. Slurm.
// Source: docs.olcf.ornl.gov/systems/frontier_user_guide.html.
//   srun -N 8 -n 8 --ntasks-per-node=1 -c 56 --gpus-per-node=8 node screen.js
// Check at the site: cores that the system keeps (8 of 64 are left to it here), and that programs read ROCR_VISIBLE_DEVICES:
// tasks are told their GPUs as CUDA_VISIBLE_DEVICES, which HIP reads too, and by context().gpus.

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({
  executor: "auto",
  workers: 56,
  gpus: 8,
  memory: "440 GB",
  affinity: "cores",
});

export default config;
