/** Starts one program of a bench, on one process or on many ranks, and gives the lines that it measured. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Line } from "./bench.ts";
import { type Mpi, rankCommand } from "./mpi.ts";
import { type BenchOptions, optionsToEnvironment } from "./options.ts";

export interface Launch {
  /** Compiled program. */
  file: string;
  nodeArgs?: string[];
  /** Null: one process. */
  mpi: Mpi | null;
  options: BenchOptions;
  /** Longest time, s; then it is ended. */
  secondsMax: number;
}

/** Calls `onLine` for each measurement as it comes; what else the program prints goes to standard error. Returns the exit code. */
export function launch(
  { file, nodeArgs, mpi, options, secondsMax }: Launch,
  onLine: (line: Line) => void,
): Promise<number> {
  const command = [process.execPath, ...(nodeArgs ?? []), file];
  const own: Record<string, string> = { ...optionsToEnvironment(options), HEDDLE_BENCH_STARTED: String(Date.now()) };
  if (mpi !== null) own["HEDDLE_MPI"] = mpi.flavour;
  const { argv, environment } =
    mpi === null ? { argv: command, environment: own } : rankCommand(mpi, options.ranks ?? 1, command, own);
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), {
      env: { ...withoutSettings(process.env), ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const timer = setTimeout(() => {
      console.error(`${file} did not end within ${secondsMax} s and is stopped`);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
    }, 1_000 * secondsMax);
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (text) => {
      if (text.startsWith('{"bench":')) onLine(JSON.parse(text) as Line);
      else console.error(text);
    });
    const printed = new Promise<void>((done) => lines.once("close", done));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (signal !== null) console.error(`${file} was ended by ${signal}`);
      void printed.then(() => resolve(code ?? 1));
    });
  });
}

/** What the user set for other programs must not change what a line says of itself. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = new Set([
    "HEDDLE_EXECUTOR",
    "HEDDLE_WORKERS",
    "HEDDLE_PROCESS_SLOTS",
    "HEDDLE_NATIVE_SLOTS",
    "HEDDLE_MPI",
  ]);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !own.has(name)));
}
