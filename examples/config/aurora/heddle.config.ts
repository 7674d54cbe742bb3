// Aurora (ALCF): 2 Intel Xeon CPU Max of 52 cores, 1,024 GiB of DDR5 beside 128 GiB of HBM, 6 Intel Data Center GPU Max 1550 of two tiles. PBS, with queues debug
// (1 to 2 nodes), debug-scaling (to 31), prod and others. Sources: docs.alcf.anl.gov/aurora/hardware-overview/machine-overview, docs.alcf.anl.gov/aurora/running-jobs-aurora.
//   qsub -A PROJECT -l select=8 -l place=scatter -l walltime=1:00:00 -q prod job.sh
//   in job.sh: mpiexec -n 8 --ppn 1 node screen.js
// Two of the 104 cores are left to the system. Check at the site, since those pages do not say: that programs choose GPUs by ZE_AFFINITY_MASK (tasks learn
// theirs by context().gpus), and whether tasks should have tiles: then gpus are 12.

import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({ executor: "auto", workers: 102, gpus: 6, affinity: "cores" });

export default config;
