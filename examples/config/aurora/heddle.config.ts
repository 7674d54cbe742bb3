// Aurora (ALCF): PBS, with queues debug (1 to 2 nodes), prod and others. Source: docs.alcf.anl.gov/aurora/running-jobs-aurora.
//   qsub -A PROJECT -l select=8 -l place=scatter -l walltime=1:00:00 -q prod job.sh
//   in job.sh: mpiexec -n 8 --ppn 1 node screen.js
// Check at the site, since that page does not say: cores (104 are assumed, in two processors) and GPUs of a node (6 are assumed), and
// that programs choose GPUs by ZE_AFFINITY_MASK: tasks learn theirs by context().gpus.

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({ executor: "auto", workers: 102, gpus: 6, affinity: "cores" });

export default config;
