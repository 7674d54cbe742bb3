import { expect, test } from "vitest";
import { detectLaunch, requireAlone } from "./detect.ts";

const mpich = { PMI_FD: "7", PMI_SIZE: "4", PMI_RANK: "2", MPI_LOCALNRANKS: "4" };
const openmpi = { OMPI_COMM_WORLD_SIZE: "8", OMPI_COMM_WORLD_RANK: "5", OMPI_COMM_WORLD_LOCAL_SIZE: "8" };
const srun = { SLURM_STEP_ID: "0", SLURM_PROCID: "1", SLURM_NTASKS: "3" };

test("no launcher means threads", () => {
  expect(detectLaunch({})).toMatchObject({ kind: "threads" });
});

test("mpiexec of MPICH is told by PMI", () => {
  expect(detectLaunch(mpich)).toMatchObject({ kind: "mpi", flavour: "mpich", rank: 2, ranks: 4, localRanks: 4 });
  expect(detectLaunch({ PMI_PORT: "h:1", PMI_SIZE: "2", PMI_RANK: "0" })).toMatchObject({ flavour: "mpich", ranks: 2 });
});

test("mpiexec of Open MPI is told by its own variables, also where PMIx is set too", () => {
  const env = { ...openmpi, PMIX_RANK: "5", PMIX_NAMESPACE: "x" };
  expect(detectLaunch(env)).toMatchObject({ kind: "mpi", flavour: "openmpi", rank: 5, ranks: 8, localRanks: 8 });
});

test("one rank under mpiexec is still MPI: the launcher expects an orderly end", () => {
  expect(detectLaunch({ ...mpich, PMI_SIZE: "1", PMI_RANK: "0" })).toMatchObject({ kind: "mpi", ranks: 1 });
});

test("srun with PMIx is Open MPI unless told otherwise", () => {
  const env = { ...srun, PMIX_RANK: "1", PMIX_NAMESPACE: "slurm.1.0", SLURM_STEP_TASKS_PER_NODE: "3" };
  expect(detectLaunch(env)).toMatchObject({ flavour: "openmpi", rank: 1, ranks: 3, localRanks: 3 });
  expect(detectLaunch({ ...env, HEDDLE_MPI: "mpich" })).toMatchObject({ flavour: "mpich" });
});

test("srun without PMI and PMIx is an error, never three programs that believe to be alone", () => {
  expect(() => detectLaunch(srun)).toThrow(
    /srun started 3 tasks without PMI or PMIx.*\n {2}fix: use `srun --mpi=pmi2`/,
  );
  expect(detectLaunch({ ...srun, HEDDLE_MPI: "none" })).toMatchObject({ kind: "threads" });
  expect(detectLaunch({ ...srun, HEDDLE_MPI: "mpich" })).toMatchObject({ kind: "mpi", rank: 1, ranks: 3 });
});

test("a batch script of several tasks that runs the program itself means threads", () => {
  expect(detectLaunch({ SLURM_NTASKS: "4", SLURM_PROCID: "0" })).toMatchObject({ kind: "threads" });
});

test("a wrong HEDDLE_MPI is named", () => {
  expect(() => detectLaunch({ HEDDLE_MPI: "intel" })).toThrow('HEDDLE_MPI is "intel".');
});

test("an executor of one process under a parallel launcher is an error, one rank is fine", () => {
  expect(() => requireAlone(mpich, "inline")).toThrow('The executor is "inline", but a launcher started 4 ranks');
  requireAlone({ ...mpich, PMI_SIZE: "1", PMI_RANK: "0" }, "inline");
  requireAlone({ ...mpich, HEDDLE_MPI: "none" }, "threads");
  requireAlone({}, "threads");
});
