/** The peers: which there are, what has each, and how it is found and started. Nothing is installed here. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findMpiexecs, findOnPath } from "../../src/launchers/find.ts";
import { rankCommand } from "../mpi.ts";
import { type CommandPeer, commandPeers, commandSession } from "./commands.ts";
import { openProgram, type Session } from "./session.ts";

export interface Place {
  workers: number;
  /** Of this run, for what peers leave behind. */
  folder: string;
}

/** Starts it; again and again. */
export type Open = () => Promise<Session>;

export interface Peer {
  name: string;
  /** What has it. */
  from: string;
  /** Null: it is not here. */
  find(place: Place): Promise<Open | null>;
}

const SECONDS_MAX = 30;
const sources = fileURLToPath(new URL("../../../bench/peers/", import.meta.url)); // From build/bench/peers/.
const pythonEnvironment = { PYTHONPATH: sources, PYTHONDONTWRITEBYTECODE: "1" };
const mpiEnvironment = { OMPI_MCA_oob_tcp_if_include: "lo", OMPI_MCA_btl_tcp_if_include: "lo" };

export const heddle: Peer = { name: "Heddle", from: "here", find: (place) => findScript("heddle", place) };

export const peers: readonly Peer[] = [
  { name: "mpi4py.futures", from: "Debian: python3-mpi4py, openmpi-bin", find: findMpi4py },
  { name: "dask.distributed", from: "Debian: python3-distributed", find: findDask },
  { name: "piscina", from: "npm: piscina", find: (place) => findScript("piscina", place) },
  { name: "workerpool", from: "npm: workerpool", find: (place) => findScript("workerpool", place) },
  {
    name: "Work Queue",
    from: "Debian: coop-computing-tools, coop-computing-tools-dev, zlib1g-dev, gcc",
    find: findWorkQueue,
  },
  { name: "GNU parallel", from: "Debian: parallel", find: (place) => findCommand("parallel", place) },
  { name: "xargs", from: "Debian: findutils", find: (place) => findCommand("xargs", place) },
  { name: "make", from: "Debian: make", find: (place) => findCommand("make", place) },
];

/** A program in JavaScript beside this file. */
async function findScript(name: string, { workers, folder }: Place): Promise<Open | null> {
  try {
    import.meta.resolve(name);
  } catch {
    return null;
  }
  const argv = [process.execPath, fileURLToPath(new URL(`./${name}.js`, import.meta.url)), String(workers)];
  return () => openProgram({ argv, folder });
}

async function findCommand(name: keyof typeof commandPeers, { workers, folder }: Place): Promise<Open | null> {
  const program = findOnPath(name);
  if (program === null) return null;
  const peer: CommandPeer = commandPeers[name];
  const version = peer.version.exec(await ask([program, "--version"]))?.[1]; // Others have commands of these names.
  return version === undefined ? null : async () => commandSession(peer, version, program, workers, folder);
}

async function findDask({ workers, folder }: Place): Promise<Open | null> {
  const python = await findPython("distributed");
  if (python === null) return null;
  const argv = [python, `${sources}dask_distributed.py`, String(workers)];
  return () => openProgram({ argv, environment: pythonEnvironment, folder });
}

/** It works under the mpiexec of the MPI that it was built with alone: under others each rank is alone. */
async function findMpi4py({ workers, folder }: Place): Promise<Open | null> {
  const python = await findPython("mpi4py.futures");
  if (python === null) return null;
  const environment = { ...pythonEnvironment, ...mpiEnvironment };
  const found = await findMpiexecs();
  for (const flavour of ["openmpi", "mpich"] as const) {
    const mpiexec = found.find((one) => one.flavour === flavour);
    if (mpiexec === undefined) continue;
    const command = (...argv: string[]): ReturnType<typeof rankCommand> =>
      rankCommand({ flavour, mpiexec }, workers + 1, [python, ...argv], environment); // One rank hands out the tasks.
    const probe = command("-c", "from mpi4py import MPI; print(f'{MPI.COMM_WORLD.size} ranks')");
    if (!(await ask(probe.argv, probe.environment)).includes(`${workers + 1} ranks`)) continue;
    const program = command("-m", "mpi4py.futures", `${sources}mpi4py_futures.py`);
    return () => openProgram({ ...program, folder });
  }
  return null;
}

/** Its program is compiled here: Debian has the library as an archive. */
async function findWorkQueue({ workers, folder }: Place): Promise<Open | null> {
  const [compiler, worker] = [findOnPath("cc"), findOnPath("work_queue_worker")];
  if (compiler === null || worker === null) return null;
  const version = /version (\S+)/.exec(await ask([worker, "--version"]))?.[1] ?? "unknown";
  const headers = ["-include", "cctools/work_queue.h", "-include", "zlib.h"];
  const isThere = await ask([compiler, ...headers, "-E", "-x", "c", "/dev/null"]);
  if (!isThere.includes("work_queue_create")) return null;
  const program = `${folder}/work_queue`;
  const source = [`${sources}work_queue.c`, "-Wl,--wrap=link_serve"];
  const said = await ask([
    compiler,
    "-O2",
    "-o",
    program,
    ...source,
    "-lwork_queue",
    "-ldttools",
    "-lz",
    "-lm",
    "-lpthread",
  ]);
  return () => {
    if (findOnPath("work_queue", folder) === null) throw new Error(`it could not be compiled: ${said.trim()}`);
    return openProgram({ argv: [program, String(workers), version], folder });
  };
}

/** The first Python that has a module: Debian's own may not be the first on PATH. */
async function findPython(module: string): Promise<string | null> {
  for (const python of [findOnPath("python3"), "/usr/bin/python3"])
    if (python !== null && /^there$/m.test(await ask([python, "-c", `import ${module}; print("there")`])))
      return python;
  return null;
}

/** What a command prints. */
function ask([program, ...rest]: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const options = {
    timeout: 1e3 * SECONDS_MAX,
    env: { ...process.env, ...environment },
    maxBuffer: 2 ** 24,
  };
  return new Promise((resolve) => {
    execFile(program!, rest, options, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
}
