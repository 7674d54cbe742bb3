/** What `heddle doctor` concludes from what it saw. Pure. */

import { HeddleError } from "../errors.ts";
import { chooseLauncher, flavours, mpiNames } from "../launchers/choose.ts";
import { detectLaunch, type Launch } from "../launchers/detect.ts";
import type { FoundMpiexec } from "../launchers/find.ts";
import { installHints } from "../native/build-mpi.ts";
import type { MpiFlavour } from "../native/load.ts";
import type { Machine } from "./machine.ts";

export interface Finding {
  about: "node" | "addon" | "mpi" | "machine" | "start";
  /** "broken" makes the command fail; "note" limits what can be done. */
  verdict: "ok" | "note" | "broken";
  text: string;
  /** What to do. */
  fix: string | null;
}

/** One of the package's own files. */
export interface Part {
  /** Its path, or what it says of itself. */
  found: string | null;
  problem: string | null;
  fix: string | null;
}

export interface MpiSeen {
  library: string | null;
  /** The library was built from other sources than this package's. */
  stale: boolean;
  /** Why the library cannot be used, such as a dependency that is gone. */
  problem: string | null;
  /** Version and command of the compiler wrapper. */
  wrapper: string | null;
}

export interface Seen {
  nodeVersion: string;
  addon: Part;
  guardian: Part;
  mpiexecs: readonly FoundMpiexec[];
  mpis: Record<MpiFlavour, MpiSeen>;
  srun: boolean;
  machine: Machine;
  environment: NodeJS.ProcessEnv;
}

const sharedMemoryLeast = 64 << 20;
const openFilesLeast = 256;
const openFilesUsual = 1_024;
const processesLeast = 512;

export function conclude(seen: Seen): Finding[] {
  return [...node(seen), ...parts(seen), ...mpis(seen), ...machine(seen.machine), ...start(seen)];
}

function node({ nodeVersion }: Seen): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  const good = major > 20 || (major === 20 && minor >= 20);
  const text = `Node.js ${nodeVersion}`;
  if (good) return [{ about: "node", verdict: "ok", text, fix: null }];
  return [{ about: "node", verdict: "broken", text: `${text} is too old`, fix: "install Node.js 20.20 or newer" }];
}

function parts(seen: Seen): Finding[] {
  return Object.entries({ addon: seen.addon, guardian: seen.guardian }).map(([name, { found, problem, fix }]) => ({
    about: "addon",
    verdict: problem === null ? "ok" : "broken",
    text: `${name}: ${problem ?? found}`,
    fix: problem === null ? null : fix,
  }));
}

function mpis(seen: Seen): Finding[] {
  const unknown = seen.mpiexecs.filter((one) => one.flavour === null);
  const strangers = unknown.map(
    (one): Finding => ({
      about: "mpi",
      verdict: "note",
      text: `${one.path} is neither MPICH's Hydra nor Open MPI's: ${one.version}`,
      fix: null,
    }),
  );
  return [...flavours.map((flavour) => mpi(flavour, seen)), ...strangers];
}

function mpi(flavour: MpiFlavour, seen: Seen): Finding {
  const { library, stale, problem, wrapper } = seen.mpis[flavour];
  const mpiexec = seen.mpiexecs.find((one) => one.flavour === flavour);
  const name = mpiNames[flavour];
  if (mpiexec === undefined && wrapper === null && library === null) {
    return {
      about: "mpi",
      verdict: "note",
      text: `${name}: not found`,
      fix: `if you want it: ${installHints[flavour]}`,
    };
  }
  const starts = mpiexec === undefined ? "no mpiexec" : `${mpiexec.path} (${mpiexec.version})`;
  const compiles = wrapper === null ? "no compiler wrapper" : `compiler ${wrapper}`;
  const text = `${name}: ${starts}; ${compiles}; library ${library ?? "not built"}`;
  if (problem !== null) {
    return { about: "mpi", verdict: "broken", text: `${text}: ${problem}`, fix: `npx heddle build-mpi ${flavour}` };
  }
  if (library === null) {
    const fix =
      wrapper === null
        ? `to build it: ${installHints[flavour]}`
        : `npx heddle build-mpi ${flavour} (or the first run builds it)`;
    return { about: "mpi", verdict: "note", text, fix };
  }
  if (stale) {
    return {
      about: "mpi",
      verdict: "note",
      text: `${text}, from other sources`,
      fix: `npx heddle build-mpi ${flavour}`,
    };
  }
  const verdict = mpiexec === undefined ? "note" : "ok";
  return { about: "mpi", verdict, text, fix: verdict === "ok" ? null : `to start ranks: ${installHints[flavour]}` };
}

function machine({ cores, memoryBytes, sharedMemoryFreeBytes, limits }: Machine): Finding[] {
  const found: Finding[] = [];
  const add = (verdict: Finding["verdict"], text: string, fix: string | null): void =>
    void found.push({ about: "machine", verdict, text, fix: verdict === "ok" ? null : fix });

  const granted = cores.cgroupLimit === null ? cores.usable : Math.min(cores.usable, cores.cgroupLimit);
  const why =
    cores.cgroupLimit !== null && cores.cgroupLimit < cores.usable
      ? "the cgroup's quota"
      : "the affinity mask (taskset, mpiexec, Slurm)";
  const text = `${format(granted)} of ${cores.installed} cores usable`;
  if (granted < cores.installed)
    add("note", `${text}: ${why} sets the limit`, "ask for more cores, or for --bind-to none");
  else add("ok", text, null);

  const limit = memoryBytes.cgroupLimit === null ? "" : `, ${gib(memoryBytes.cgroupLimit)} allowed by the cgroup`;
  add("ok", `${gib(memoryBytes.installed)} of memory${limit}`, null);

  if (sharedMemoryFreeBytes === null) {
    add(
      "broken",
      "/dev/shm cannot be written: ranks of one node meet there",
      "mount a tmpfs there (containers: --shm-size)",
    );
  } else {
    const enough = sharedMemoryFreeBytes >= sharedMemoryLeast;
    add(
      enough ? "ok" : "broken",
      `${gib(sharedMemoryFreeBytes)} free in /dev/shm`,
      "remove old files there, or make it larger (containers: --shm-size)",
    );
  }

  const files = limits.openFiles;
  add(
    files < openFilesLeast ? "broken" : files < openFilesUsual ? "note" : "ok",
    `${format(files)} open files`,
    "ulimit -n 4096",
  );
  add(
    limits.processes < processesLeast ? "broken" : "ok",
    `${format(limits.processes)} processes and threads`,
    "ulimit -u 4096",
  );
  return found;
}

function start(seen: Seen): Finding[] {
  const executor = seen.environment["HEDDLE_EXECUTOR"];
  const about = "start";
  if (executor === "inline") {
    return [
      {
        about,
        verdict: "note",
        text: "a program runs inline, on its main thread: HEDDLE_EXECUTOR=inline",
        fix: "unset HEDDLE_EXECUTOR",
      },
    ];
  }
  try {
    const launch: Launch =
      executor === "threads" ? { kind: "threads", because: "HEDDLE_EXECUTOR=threads" } : detectLaunch(seen.environment);
    if (launch.kind === "mpi") return [underLauncher(launch, seen)];
    const alone: Finding = {
      about,
      verdict: "ok",
      text: `\`node program.js\` runs on threads of this process: ${launch.because}`,
      fix: null,
    };
    return executor === "mpi"
      ? [
          {
            ...alone,
            verdict: "broken",
            text: `HEDDLE_EXECUTOR=mpi, but ${launch.because}`,
            fix: "start with mpiexec, or unset HEDDLE_EXECUTOR",
          },
        ]
      : [alone, ranksFromHere(seen)];
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    return [{ about, verdict: "broken", text: headOf(error), fix: error.hint }];
  }
}

function underLauncher(launch: Launch & { kind: "mpi" }, seen: Seen): Finding {
  const { library, problem, wrapper } = seen.mpis[launch.flavour];
  const text = `a program is rank ${launch.rank} of ${launch.ranks} under ${mpiNames[launch.flavour]}: ${launch.because}`;
  const about = "start";
  if (problem !== null || (library === null && wrapper === null)) {
    const fix = library === null ? installHints[launch.flavour] : `npx heddle build-mpi ${launch.flavour}`;
    return {
      about,
      verdict: "broken",
      text: `${text}; but its library ${problem ?? "is not built and cannot be"}`,
      fix,
    };
  }
  const builds = library === null ? "; the first rank builds the library before it starts" : "";
  return { about, verdict: "ok", text: text + builds, fix: null };
}

function ranksFromHere(seen: Seen): Finding {
  const built = flavours.filter((flavour) => seen.mpis[flavour].library !== null);
  const asked = seen.environment["HEDDLE_MPI"];
  try {
    const { why } = chooseLauncher(flavours.find((one) => one === asked) ?? null, { ...seen, built });
    return {
      about: "start",
      verdict: "ok",
      text: `\`heddle run -n RANKS program.js\` starts ranks with ${why}`,
      fix: null,
    };
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    return {
      about: "start",
      verdict: "note",
      text: `\`heddle run -n\` cannot start ranks: ${headOf(error)}`,
      fix: error.hint,
    };
  }
}

function headOf(error: HeddleError): string {
  return error.message.split("\n", 1)[0] as string;
}

function format(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 100) / 100) : "unlimited";
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
