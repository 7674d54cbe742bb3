/**
 * Compiles the small MPI libraries, one per flavour found, each with its own MPI's compiler wrapper.
 *
 * Several processes may call this at once, on one file system: the first compiles under a lock, the others wait and then
 * find the library up to date. A library is replaced in one step, so a loader never sees half of it.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HeddleError } from "../errors.ts";
import type { MpiFlavour } from "./load.ts";
import { mpiBuildFolder, mpiLibraryIn, mpiSources, mpiSourcesHash, packageRoot } from "./load.ts";

export interface BuildMpiOptions {
  /** Default: `build/Release` of the package, or the cache of this user if the package is read-only. */
  outDir?: string;
  /** Which flavours. Default: all whose compiler wrapper is found. */
  flavours?: readonly MpiFlavour[];
  /** Receives one line per step. */
  log?: (line: string) => void;
}

export interface MpiBuild {
  flavour: MpiFlavour;
  library: string;
}

export interface Wrapper {
  flavour: MpiFlavour;
  command: string;
  /** Name and version, as its header tells. */
  version: string;
}

interface Outcome {
  code: number;
  output: string;
}

/** What to install for each. */
export const installHints: Record<MpiFlavour, string> = {
  mpich: "apt-get install -y mpich libmpich-dev g++",
  openmpi: "apt-get install -y openmpi-bin libopenmpi-dev g++",
};

const flags = [
  "-std=c++20",
  "-O3",
  "-fPIC",
  "-shared",
  "-fvisibility=hidden",
  "-fno-omit-frame-pointer",
  "-pthread",
  "-Wl,-z,defs",
];

/** Builds what is not up to date. Throws `ERR_MPI_BUILD` when nothing can be built, or a compiler fails. */
export async function buildMpi(options: BuildMpiOptions = {}): Promise<MpiBuild[]> {
  const outDir = options.outDir ?? mpiBuildFolder();
  const log = options.log ?? (() => {});
  const wrappers = await findWrappers();
  for (const flavour of options.flavours ?? []) {
    if (wrappers.has(flavour)) continue;
    throw new HeddleError(
      "ERR_MPI_BUILD",
      `No C++ compiler wrapper for ${flavour} on PATH (looked for ${candidates.join(", ")}).`,
      installHints[flavour],
    );
  }
  if (wrappers.size === 0) {
    throw new HeddleError(
      "ERR_MPI_BUILD",
      `No MPI compiler wrapper on PATH (looked for ${candidates.join(", ")}).`,
      `${installHints.mpich}  (or: ${installHints.openmpi})`,
    );
  }
  await mkdir(outDir, { recursive: true });
  const wanted = [...wrappers.values()].filter((w) => options.flavours?.includes(w.flavour) ?? true);
  return await withLock(join(outDir, "heddle-mpi.lock"), async () => {
    const built: MpiBuild[] = [];
    for (const wrapper of wanted) built.push(await buildOne(wrapper, outDir, log));
    return built;
  });
}

const candidates = ["mpicxx.mpich", "mpicxx.openmpi", "mpicxx", "mpic++"];

/** The first wrapper of each flavour. What a wrapper compiles for, its own mpi.h says best. */
export async function findWrappers(): Promise<Map<MpiFlavour, Wrapper>> {
  const found = new Map<MpiFlavour, Wrapper>();
  for (const command of candidates) {
    const { code, output } = await execute(command, ["-x", "c++", "-E", "-dM", "-include", "mpi.h", "/dev/null"]);
    if (code !== 0) continue;
    const macro = (name: string): string | undefined => new RegExp(`#define ${name} "?([^"\n]+)`).exec(output)?.[1];
    const openMpi = macro("OMPI_MAJOR_VERSION");
    const mpich = macro("MPICH_VERSION");
    const flavour = openMpi !== undefined ? "openmpi" : mpich !== undefined ? "mpich" : null;
    if (flavour === null || found.has(flavour)) continue;
    const version = openMpi !== undefined ? `Open MPI ${openMpi}.${macro("OMPI_MINOR_VERSION")}` : `MPICH ${mpich}`;
    found.set(flavour, { flavour, command, version });
  }
  return found;
}

async function buildOne(wrapper: Wrapper, outDir: string, log: (line: string) => void): Promise<MpiBuild> {
  const library = mpiLibraryIn(outDir, wrapper.flavour);
  const result = { flavour: wrapper.flavour, library };
  const stamp = `${wrapper.version} ${mpiSourcesHash()} ${flags.join(" ")}\n`;
  const stampFile = `${library}.stamp`;
  if (existsSync(library) && (await readText(stampFile)) === stamp) return result;

  log(`building ${library} for ${wrapper.version} with ${wrapper.command}`);
  const sources = mpiSources().filter((file) => file.endsWith(".cc"));
  if (!sources.some((file) => file.includes("/transport/mpi/"))) {
    throw new HeddleError("ERR_MPI_BUILD", `${packageRoot}native/transport/mpi is empty.`, "install heddle again");
  }
  const temporary = `${library}.${process.pid}.tmp`;
  const args = [...flags, `-I${join(packageRoot, "native")}`, ...sources, "-o", temporary];
  const { code, output } = await execute(wrapper.command, args);
  if (code !== 0) {
    await rm(temporary, { force: true });
    const last = output.trimEnd().split("\n").slice(-20).join("\n");
    throw new HeddleError(
      "ERR_MPI_BUILD",
      `${wrapper.command} (${wrapper.version}) ended with code ${code}:\n${last}`,
      `a complete compiler and MPI are needed: ${installHints[wrapper.flavour]}`,
      { data: { flavour: wrapper.flavour, command: [wrapper.command, ...args].join(" ") } },
    );
  }
  await rename(temporary, library);
  await writeFile(stampFile, stamp);
  return result;
}

// The kernel's lock, held by flock(1) for as long as its standard input is open: a process that dies gives it back.
async function withLock<T>(file: string, body: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const failed = (why: string): void =>
      reject(new HeddleError("ERR_MPI_BUILD", `Cannot lock ${file}: ${why}.`, "apt-get install -y util-linux"));
    holder.stdout.once("data", () => resolve());
    holder.once("error", (error) => failed(error.message));
    holder.once("exit", (code) => failed(`flock ended with code ${code}`));
  });
  try {
    return await body();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/** Runs a command to its end; never throws. Code 127: there is no such command. */
function execute(command: string, args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => resolve({ code: 127, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

async function readText(file: string): Promise<string | null> {
  return await readFile(file, "utf8").catch(() => null);
}
