/** `heddle run`: a program in this process, on threads; or its ranks, through a launcher. */

import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { configOf } from "../apps/config.ts";
import { ownerOf } from "../apps/trust.ts";
import { HeddleError } from "../errors.ts";
import { chooseLauncher, flavours, parseFlavour } from "../launchers/choose.ts";
import { detectLaunch } from "../launchers/detect.ts";
import "../launchers/early-end.ts"; // A program that does not compile on rank 0 ends all ranks.
import { locate, prepareProgram } from "../compile/compile.ts";
import { findMpiexecs, findOnPath } from "../launchers/find.ts";
import { tellProgram } from "../launchers/flags.ts";
import type { Launch } from "../launchers/launcher.ts";
import { buildMpi } from "../native/build-mpi.ts";
import { guardianPath, type MpiFlavour, mpiLibrary } from "../native/load.ts";
import { type Options, parseCount, parseOptions, splitAtProgram } from "./options.ts";
import { runLaunch } from "./spawn.ts";
import { stageProgram } from "./stage.ts";

export interface RunRequest {
  program: string;
  arguments: string[];
  /** `null`: in this process. */
  ranks: number | null;
  workers: number | "auto" | null;
  mpi: MpiFlavour | null;
  executor: string | null;
  resume: boolean;
  progress: boolean;
  /** A configuration file, or "none". `null`: it is looked for. */
  config: string | null;
}

export const runOptions: Options = {
  ranks: { type: "string", short: "n" },
  workers: { type: "string" },
  mpi: { type: "string" },
  executor: { type: "string" },
  resume: { type: "boolean" },
  progress: { type: "boolean" },
  config: { type: "string" },
};

const ranksMax = 1_000_000;
const workersMax = 4_096;
const executors = ["threads", "mpi", "inline"];
const compileWaitMs = 60_000;

/** Pure. Throws `ERR_CONFIG`. */
export function parseRun(args: readonly string[]): RunRequest {
  const [own, [program, ...rest]] = splitAtProgram(args, runOptions);
  const { values } = parseOptions("run", own, runOptions);
  const executor = values["executor"] === undefined ? null : String(values["executor"]);
  if (executor !== null && !executors.includes(executor)) {
    throw new HeddleError("ERR_CONFIG", `--executor is "${executor}".`, `use ${executors.join(", ")}`);
  }
  const ranks = parseCount(values["ranks"], "-n", ranksMax);
  if (ranks !== null && executor !== null && executor !== "mpi") {
    throw new HeddleError(
      "ERR_CONFIG",
      `-n ${ranks} starts ranks, but --executor is ${executor}.`,
      "leave one of them out",
    );
  }
  if (program === undefined) {
    throw new HeddleError("ERR_CONFIG", "`heddle run` needs a program file.", "heddle run program.ts");
  }
  return {
    program,
    arguments: rest,
    ranks,
    workers: values["workers"] === "auto" ? "auto" : parseCount(values["workers"], "--workers", workersMax),
    mpi: parseFlavour(values["mpi"]?.toString(), "--mpi"),
    executor,
    resume: values["resume"] === true,
    progress: values["progress"] === true,
    config: values["config"]?.toString() ?? null,
  };
}

/** Returns when the program runs in this process; with ranks it ends the process as their launcher ended. */
export async function run(args: readonly string[]): Promise<() => Promise<void>> {
  const request = parseRun(args);
  tellProgram(settings(request));
  tellProgram({ HEDDLE_CONFIG: await configFor(request) });
  return request.ranks === null ? await prepareHere(request) : await startRanks(request, request.ranks);
}

/** Flags become variables: those also reach a program that `mpiexec` starts without this command. */
function settings(request: RunRequest): Record<string, string> {
  return {
    ...(request.workers === null ? {} : { HEDDLE_WORKERS: String(request.workers) }),
    ...(request.mpi === null ? {} : { HEDDLE_MPI: request.mpi }),
    ...(request.resume ? { HEDDLE_RESUME: "1" } : {}),
    ...(request.progress ? { HEDDLE_PROGRESS: "1" } : {}),
    ...(request.executor === null ? {} : { HEDDLE_EXECUTOR: request.executor }),
  };
}

/** Read once, here: ranks need no compiler for it, nor the file. */
async function configFor({ program, config: given }: RunRequest): Promise<string> {
  const folder = dirname(locate(program));
  const config = await configOf(folder, { owner: ownerOf(folder), ...(given === null ? {} : { given }) });
  return config === null ? "none" : JSON.stringify(config);
}

async function prepareHere(request: RunRequest): Promise<() => Promise<void>> {
  const launch = detectLaunch(process.env);
  const compile = launch.kind === "threads" || launch.rank === 0;
  const file = await prepareProgram(request.program, { compile, waitMs: compileWaitMs });
  process.argv = [process.execPath, file, ...request.arguments];
  process.setSourceMapsEnabled(true);
  process.execArgv.push("--enable-source-maps"); // Worker threads look for it.
  return async () => void (await import(pathToFileURL(file).href));
}

async function startRanks(request: RunRequest, ranks: number): Promise<never> {
  refuseInsideTask(ranks);
  const environment = process.env["HEDDLE_MPI"];
  const wanted = environment === "auto" || environment === "none" ? null : parseFlavour(environment, "HEDDLE_MPI");
  const { flavour, launcher } = chooseLauncher(wanted, {
    environment: process.env,
    mpiexecs: await findMpiexecs(),
    built: flavours.filter((one) => mpiLibrary(one) !== null),
    srun: findOnPath("srun") !== null,
  });
  // Once here, before there are ranks that all want it.
  if (mpiLibrary(flavour) === null)
    await buildMpi({ flavours: [flavour], log: (line) => console.error(`heddle: ${line}`) });
  const { keeper, file } = await prepareForRanks(request.program, flavour);
  tellProgram({ HEDDLE_MPI: flavour });
  const launch: Launch = launcher({
    // The guardian tells which rank it was when one is killed; the launcher alone would say a number of a process.
    command: [
      guardianPath(),
      "--rank",
      ...keeper,
      process.execPath,
      ...process.execArgv,
      "--enable-source-maps",
      file,
      ...request.arguments,
    ],
    ranks,
    coresPerRank: request.workers === "auto" ? null : request.workers,
    environment: ownVariables(),
    asRoot: process.getuid?.() === 0,
  });
  return await runLaunch(launch);
}

/** What ranks run, and what their keepers do before. */
async function prepareForRanks(program: string, flavour: MpiFlavour): Promise<{ keeper: string[]; file: string }> {
  if (process.env["HEDDLE_STAGE"] !== "none") {
    const stage = await stageProgram(program, flavour);
    if (typeof stage !== "string") return { keeper: ["--stage", stage.pack, stage.program], file: stage.program };
    console.error(`heddle: ranks load the program file by file, not from a copy on each node: ${stage}`);
  }
  return { keeper: [], file: await prepareProgram(program, { compile: true, waitMs: compileWaitMs }) };
}

function refuseInsideTask(ranks: number): void {
  const launch = detectLaunch(process.env);
  if (launch.kind === "threads") return;
  const message = `-n ${ranks} was given to rank ${launch.rank} of a job that has ${launch.ranks} ranks already (${launch.because}).`;
  throw new HeddleError("ERR_LAUNCHER", message, "leave out -n, or start `heddle run -n` outside of mpiexec and srun");
}

function ownVariables(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith("HEDDLE_"));
  return Object.fromEntries(own) as Record<string, string>;
}
