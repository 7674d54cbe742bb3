// Polaris (ALCF): 560 nodes, each with 32 cores (2 threads each), 4 NVIDIA A100, 512 GiB. PBS, MPICH's mpiexec.
// Source: docs/source/supported/polaris.rst of github.com/radical-cybertools/radical.pilot.
//   qsub -l select=8 -l place=scatter -l filesystems=home:grand -q prod job.sh
//   in job.sh: mpiexec -n 8 --ppn 1 --depth 64 node screen.js
// Check at the site: queues, file systems, and memory left for jobs (a twelfth is kept back here).

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({
  executor: "auto",
  workers: 32,
  gpus: ["0", "1", "2", "3"],
  memory: "470 GiB",
  affinity: "cores",
});

export default config;
