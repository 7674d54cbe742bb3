import { describe, expect, test } from "vitest";
import { describe as tell } from "./doctor.ts";
import { conclude, type Finding, type MpiSeen, type Seen } from "./findings.ts";

const none: MpiSeen = { library: null, stale: false, problem: null, wrapper: null };
const mpich: MpiSeen = {
  library: "/x/heddle-mpi-mpich.so",
  stale: false,
  problem: null,
  wrapper: "mpicxx.mpich (MPICH 4.0.2)",
};

const healthy: Seen = {
  nodeVersion: "20.20.2",
  addon: { found: "version 0.1.0, loads", problem: null, fix: null },
  guardian: { found: "/x/heddle-guardian", problem: null, fix: null },
  mpiexecs: [{ path: "/usr/bin/mpiexec.mpich", flavour: "mpich", version: "MPICH 4.0.2 (Hydra)" }],
  mpis: { mpich, openmpi: none },
  srun: false,
  machine: {
    cores: { installed: 8, usable: 8, cgroupLimit: null },
    memoryBytes: { installed: 16 * 2 ** 30, cgroupLimit: null },
    sharedMemoryFreeBytes: 2 ** 33,
    limits: { openFiles: 4096, processes: 90_000 },
  },
  environment: {},
};

const about = (what: Finding["about"], seen: Seen): Finding[] => conclude(seen).filter((one) => one.about === what);
const broken = (seen: Seen): Finding[] => conclude(seen).filter((one) => one.verdict === "broken");

test("a healthy machine has nothing broken, and hears both ways to start", () => {
  expect(broken(healthy)).toEqual([]);
  const [here, ranks] = about("start", healthy);
  expect(here?.text).toContain("runs on threads of this process: no parallel launcher in the environment");
  expect(ranks?.text).toContain("starts ranks with /usr/bin/mpiexec.mpich (MPICH 4.0.2 (Hydra)), its library is built");
});

test("an MPI that is not there is no fault, but the answer says how to get it", () => {
  const openmpi = about("mpi", healthy)[1];
  expect(openmpi).toMatchObject({ verdict: "note", text: "Open MPI: not found" });
  expect(openmpi?.fix).toContain("openmpi-bin");
});

test("a library from other sources still works, mostly", () => {
  const mpis = { ...healthy.mpis, mpich: { ...mpich, stale: true } };
  const [found] = about("mpi", { ...healthy, mpis });
  expect(found).toMatchObject({ verdict: "note", fix: "npx heddle build-mpi mpich" });
});

test("an old Node.js and a missing addon are broken, each with what to do", () => {
  const addon = { found: null, problem: "No native addon", fix: "run `npm run build`" };
  expect(broken({ ...healthy, nodeVersion: "18.19.0", addon }).map(({ text, fix }) => [text, fix])).toEqual([
    ["Node.js 18.19.0 is too old", "install Node.js 20.20 or newer"],
    ["addon: No native addon", "run `npm run build`"],
  ]);
});

describe("under a launcher", () => {
  const hydra = { PMI_FD: "7", PMI_RANK: "1", PMI_SIZE: "4" };
  const openMpi = { OMPI_COMM_WORLD_SIZE: "2", OMPI_COMM_WORLD_RANK: "0" };

  test("a program becomes a rank of its MPI", () => {
    const [rank] = about("start", { ...healthy, environment: hydra });
    expect(rank).toMatchObject({ verdict: "ok" });
    expect(rank?.text).toContain("a program is rank 1 of 4 under MPICH");
  });

  test("whose library can be built, the first rank builds it", () => {
    const mpis = { ...healthy.mpis, mpich: { ...mpich, library: null } };
    expect(about("start", { ...healthy, mpis, environment: hydra })[0]?.text).toContain(
      "the first rank builds the library",
    );
  });

  test("whose library cannot be built, nothing can start", () => {
    const [finding] = broken({ ...healthy, environment: openMpi });
    expect(finding?.text).toContain("under Open MPI");
    expect(finding?.fix).toContain("libopenmpi-dev");
  });

  test("of which the MPI cannot be told, nothing can start", () => {
    const srun = { SLURM_STEP_ID: "0", SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "8" };
    const [finding] = broken({ ...healthy, environment: srun });
    expect(finding?.text).toContain("without PMI or PMIx");
    expect(finding?.fix).toContain("--mpi=pmi2");
  });
});

test("settings that decide are named", () => {
  expect(about("start", { ...healthy, environment: { HEDDLE_EXECUTOR: "inline" } })[0]?.text).toContain(
    "HEDDLE_EXECUTOR=inline",
  );
  const alone = about("start", { ...healthy, environment: { HEDDLE_EXECUTOR: "mpi" } })[0];
  expect(alone).toMatchObject({ verdict: "broken", fix: "start with mpiexec, or unset HEDDLE_EXECUTOR" });
  const wrong = about("start", { ...healthy, environment: { HEDDLE_MPI: "lam" } })[0];
  expect(wrong).toMatchObject({ verdict: "broken", text: 'HEDDLE_MPI is "lam".' });
});

describe("limits", () => {
  const machine = healthy.machine;

  test("a quota below the visible cores is what counts", () => {
    const cores = { installed: 64, usable: 64, cgroupLimit: 2.5 };
    const found = about("machine", { ...healthy, machine: { ...machine, cores } });
    expect(found[0]?.text).toBe("2.5 of 64 cores usable: the cgroup's quota sets the limit");
  });

  test("no shared memory, and too few files, are broken", () => {
    const poor = { ...machine, sharedMemoryFreeBytes: null, limits: { openFiles: 64, processes: 90_000 } };
    expect(broken({ ...healthy, machine: poor }).map((one) => one.fix)).toEqual([
      "mount a tmpfs there (containers: --shm-size)",
      "ulimit -n 4096",
    ]);
  });
});

test("people read marks, sections and what to do", () => {
  const findings = conclude({ ...healthy, nodeVersion: "18.0.0" });
  const text = tell(findings, 1);
  expect(text).toContain(
    "Node.js\n  BROKEN  Node.js 18.0.0 is too old\n            fix: install Node.js 20.20 or newer\n",
  );
  expect(text).toContain("\n1 thing is broken.\n");
});
