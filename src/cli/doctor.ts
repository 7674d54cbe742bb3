/** `heddle doctor`: looks, concludes, tells. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { flavours } from "../launchers/choose.ts";
import { findMpiexecs, findOnPath } from "../launchers/find.ts";
import { findWrappers } from "../native/build-mpi.ts";
import { guardianPath, loadBinding, type MpiFlavour, mpiLibrary, mpiSourcesHash } from "../native/load.ts";
import { conclude, type Finding, type MpiSeen, type Part, type Seen } from "./findings.ts";
import { readMachine } from "./machine.ts";
import { parseOptions } from "./options.ts";

const titles: Record<Finding["about"], string> = {
  node: "Node.js",
  addon: "Package",
  mpi: "MPI",
  machine: "Machine",
  start: "If a program is started now",
};

const marks: Record<Finding["verdict"], string> = { ok: "ok    ", note: "note  ", broken: "BROKEN" };

export async function doctor(args: readonly string[]): Promise<void> {
  const { values } = parseOptions("doctor", args, { json: { type: "boolean" } });
  const seen = await look();
  const findings = conclude(seen);
  const broken = findings.filter((finding) => finding.verdict === "broken").length;
  if (values["json"] === true) {
    const { environment, ...rest } = seen;
    console.log(
      JSON.stringify(
        { healthy: broken === 0, findings, ...rest, launcherVariables: launcherVariables(environment) },
        null,
        2,
      ),
    );
  } else {
    process.stdout.write(describe(findings, broken));
  }
  process.exitCode = broken === 0 ? 0 : 1;
}

/** For people. Pure. */
export function describe(findings: readonly Finding[], broken: number): string {
  const sections = Object.entries(titles).map(([about, title]) => {
    const rows = findings
      .filter((finding) => finding.about === about)
      .map(({ verdict, text, fix }) => {
        return `  ${marks[verdict]}  ${text}${fix === null ? "" : `\n            fix: ${fix}`}\n`;
      });
    return `${title}\n${rows.join("")}`;
  });
  const end = broken === 0 ? "Nothing is broken." : `${broken} ${broken === 1 ? "thing is" : "things are"} broken.`;
  return `${sections.join("\n")}\n${end}\n`;
}

async function look(): Promise<Seen> {
  const [mpiexecs, mpis] = await Promise.all([findMpiexecs(), lookAtMpis()]);
  return {
    nodeVersion: process.versions.node,
    addon: part(() => `version ${loadBinding().version()}, loads`),
    guardian: part(guardianPath),
    mpiexecs,
    mpis,
    srun: findOnPath("srun") !== null,
    machine: readMachine(),
    environment: process.env,
  };
}

function part(find: () => string): Part {
  try {
    return { found: find(), problem: null, fix: null };
  } catch (error) {
    const { message, hint = null } = error as Error & { hint?: string | null };
    return { found: null, problem: message.split("\n", 1)[0] as string, fix: hint };
  }
}

async function lookAtMpis(): Promise<Record<MpiFlavour, MpiSeen>> {
  const wrappers = await findWrappers();
  const seen = flavours.map(async (flavour): Promise<[MpiFlavour, MpiSeen]> => {
    const library = mpiLibrary(flavour);
    const wrapper = wrappers.get(flavour);
    return [
      flavour,
      {
        library,
        stale: library !== null && isStale(library),
        problem: library === null ? null : await libraryProblem(library),
        wrapper: wrapper === undefined ? null : `${wrapper.command} (${wrapper.version})`,
      },
    ];
  });
  return Object.fromEntries(await Promise.all(seen)) as Record<MpiFlavour, MpiSeen>;
}

async function libraryProblem(library: string): Promise<string | null> {
  // The linker's own tool: the library is not loaded into this process.
  const output = await new Promise<string>((resolve) => {
    execFile("ldd", [library], (error, stdout, stderr) => resolve(error?.code === "ENOENT" ? "" : stdout + stderr));
  });
  const missing = [...output.matchAll(/^\s*(\S+) => not found/gm)].map((row) => row[1]);
  return missing.length === 0 ? null : `needs ${missing.join(", ")}, which is not here`;
}

// A stamp beside the library says what it was built from; without one nobody knows.
function isStale(library: string): boolean {
  try {
    return !readFileSync(`${library}.stamp`, "utf8").includes(mpiSourcesHash());
  } catch {
    return false;
  }
}

function launcherVariables(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const own =
    /^(HEDDLE_|PMI|PMIX_|OMPI_COMM_WORLD_|MPI_LOCAL|HYDI_|SLURM_(JOB_ID|STEP_ID|PROCID|NTASKS|STEP_NUM_TASKS)$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => own.test(name)));
}
