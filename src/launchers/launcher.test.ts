import { describe, expect, test } from "vitest";
import { chooseLauncher, parseFlavour, type Surroundings } from "./choose.ts";
import { type FoundMpiexec, identify } from "./find.ts";
import type { LaunchRequest } from "./launcher.ts";
import { mpiexecMpich, mpiexecOpenMpi } from "./mpiexec.ts";
import { single } from "./single.ts";
import { isInAllocation, srun } from "./srun.ts";

const request: LaunchRequest = {
  command: ["node", "screen.js", "--top", "20"],
  ranks: 4,
  coresPerRank: null,
  environment: { HEDDLE_MPI: "mpich" },
  asRoot: false,
};

describe("launchers", () => {
  test("a single rank is the command itself", () => {
    expect(single(request)).toEqual({ argv: request.command, environment: { HEDDLE_MPI: "mpich" } });
  });

  test("Hydra binds no rank to a core", () => {
    const { argv } = mpiexecMpich("/usr/bin/mpiexec.hydra")(request);
    expect(argv.join(" ")).toBe("/usr/bin/mpiexec.hydra -bind-to none -n 4 node screen.js --top 20");
  });

  test("Open MPI takes more ranks than cores, and hands the variables to other nodes", () => {
    const { argv, environment } = mpiexecOpenMpi("mpiexec")({ ...request, environment: { HEDDLE_MPI: "openmpi" } });
    expect(argv.join(" ")).toBe("mpiexec --oversubscribe --bind-to none -x HEDDLE_MPI -n 4 node screen.js --top 20");
    expect(environment).toEqual({ HEDDLE_MPI: "openmpi" });
  });

  test("Open MPI is told twice that root may use it", () => {
    const { environment } = mpiexecOpenMpi("mpiexec")({ ...request, asRoot: true });
    expect(environment).toMatchObject({ OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" });
  });

  test("srun speaks the protocol of the MPI, and ends a step that lost a rank", () => {
    const flags = "--kill-on-bad-exit=1 --export=ALL -n 4 node screen.js --top 20";
    expect(srun("mpich")(request).argv.join(" ")).toBe(`srun --mpi=pmi2 ${flags}`);
    expect(srun("openmpi")(request).argv.join(" ")).toBe(`srun --mpi=pmix ${flags}`);
    expect(srun("mpich")({ ...request, coresPerRank: 8 }).argv).toContain("--cpus-per-task=8");
  });
});

describe("a Slurm allocation", () => {
  test("is where a batch script or the shell of salloc runs, but not a task of srun", () => {
    expect(isInAllocation({})).toBe(false);
    expect(isInAllocation({ SLURM_JOB_ID: "7", SLURM_PROCID: "0" })).toBe(true);
    expect(isInAllocation({ SLURM_JOB_ID: "7", SLURM_STEP_ID: "0" })).toBe(false);
    expect(isInAllocation({ SLURM_JOB_ID: "7", SLURM_STEP_ID: "4294967290" })).toBe(true);
  });
});

describe("an mpiexec", () => {
  test("is known by what it says of itself", () => {
    const hydra = "HYDRA build details:\n    Version:                                 4.0.2\n    Release Date: x\n";
    expect(identify(hydra)).toEqual({ flavour: "mpich", version: "MPICH 4.0.2 (Hydra)" });
    const openMpi = "mpiexec.openmpi (OpenRTE) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n";
    expect(identify(openMpi)).toEqual({ flavour: "openmpi", version: "Open MPI 4.1.4" });
    expect(identify("mpirun (Open MPI) 5.0.3\n")).toEqual({ flavour: "openmpi", version: "Open MPI 5.0.3" });
    expect(identify("Intel(R) MPI Library 2021.9\nmore\n")).toEqual({
      flavour: null,
      version: "Intel(R) MPI Library 2021.9",
    });
    expect(identify("").version).toBe("says nothing of itself");
  });
});

describe("the choice of a launcher", () => {
  const mpich: FoundMpiexec = { path: "/usr/bin/mpiexec.mpich", flavour: "mpich", version: "MPICH 4.0.2 (Hydra)" };
  const openmpi: FoundMpiexec = { path: "/usr/bin/mpiexec", flavour: "openmpi", version: "Open MPI 4.1.4" };
  const both: Surroundings = { environment: {}, mpiexecs: [openmpi, mpich], built: [], srun: false };

  test("is MPICH when nothing else decides", () => {
    expect(chooseLauncher(null, both).flavour).toBe("mpich");
    expect(chooseLauncher(null, { ...both, built: ["mpich", "openmpi"] }).flavour).toBe("mpich");
  });

  test("prefers the MPI whose library is built", () => {
    const choice = chooseLauncher(null, { ...both, built: ["openmpi"] });
    expect(choice).toMatchObject({
      flavour: "openmpi",
      why: "/usr/bin/mpiexec (Open MPI 4.1.4), its library is built",
    });
  });

  test("is what was asked for, or an error that says what there is", () => {
    expect(chooseLauncher("openmpi", { ...both, built: ["mpich"] }).flavour).toBe("openmpi");
    const wrong = () => chooseLauncher("mpich", { ...both, mpiexecs: [openmpi] });
    expect(wrong).toThrow("No mpiexec of MPICH on PATH (/usr/bin/mpiexec is Open MPI 4.1.4).\n  fix: apt-get install");
    expect(() => chooseLauncher(null, { ...both, mpiexecs: [] })).toThrow("or run without -n, on threads");
  });

  test("is srun inside an allocation, and mpiexec inside a task or where there is no srun", () => {
    const slurm = { ...both, environment: { SLURM_JOB_ID: "7" }, srun: true, built: ["openmpi"] as const };
    const { argv } = chooseLauncher(null, slurm).launcher(request);
    expect(argv.slice(0, 2)).toEqual(["srun", "--mpi=pmix"]);
    expect(chooseLauncher("mpich", slurm).launcher(request).argv[1]).toBe("--mpi=pmi2");
    expect(chooseLauncher("mpich", { ...slurm, srun: false }).launcher(request).argv[0]).toBe(mpich.path);
  });

  test("a name that is no MPI is refused", () => {
    expect(parseFlavour(undefined, "--mpi")).toBeNull();
    expect(parseFlavour("openmpi", "--mpi")).toBe("openmpi");
    expect(() => parseFlavour("lam", "HEDDLE_MPI")).toThrow('HEDDLE_MPI is "lam".\n  fix: use mpich or openmpi');
  });
});
