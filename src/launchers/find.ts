/** Which mpiexec of which MPI this machine has. A command's name says little: what it answers to `--version` decides. */

import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { MpiFlavour } from "../native/load.ts";

export interface FoundMpiexec {
  /** Full path, as found on PATH. */
  path: string;
  /** `null`: it is no mpiexec that Heddle knows. */
  flavour: MpiFlavour | null;
  /** As it names itself, such as "MPICH 4.0.2 (Hydra)". */
  version: string;
}

/** In order of preference: names that say which MPI they belong to come first. */
const candidates = ["mpiexec.mpich", "mpiexec.hydra", "mpiexec.openmpi", "mpirun.openmpi", "mpiexec", "mpirun"];

/** All there are, those preferred first; links to one program are listed once. */
export async function findMpiexecs(path: string = process.env["PATH"] ?? ""): Promise<FoundMpiexec[]> {
  const files = new Map<string, string>();
  for (const file of candidates.flatMap((name) => findOnPath(name, path) ?? [])) {
    const real = realpathSync(file);
    if (!files.has(real)) files.set(real, file);
  }
  return await Promise.all([...files.values()].map(async (file) => ({ path: file, ...identify(await ask(file)) })));
}

/** What `--version` of an mpiexec tells. Pure. */
export function identify(answer: string): Omit<FoundMpiexec, "path"> {
  const openMpi = /\((?:OpenRTE|Open MPI)\)\s+(\S+)/.exec(answer)?.[1] ?? /Open MPI\)?\s+v?(\d\S*)/.exec(answer)?.[1];
  if (openMpi !== undefined) return { flavour: "openmpi", version: `Open MPI ${openMpi}` };
  const hydra = /HYDRA build details[\s\S]*?Version:\s+(\S+)/.exec(answer)?.[1];
  if (hydra !== undefined) return { flavour: "mpich", version: `MPICH ${hydra} (Hydra)` };
  return { flavour: null, version: answer.trim().split("\n", 1)[0]?.slice(0, 80) || "says nothing of itself" };
}

/** The first executable file of this name. */
export function findOnPath(name: string, path: string = process.env["PATH"] ?? ""): string | null {
  const isExecutable = (file: string): boolean => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const files = path.split(delimiter).filter(Boolean);
  return files.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function ask(file: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(file, ["--version"], { timeout: 20_000 }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
}
