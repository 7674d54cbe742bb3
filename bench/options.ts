/** What a bench was asked to do: the command line of `npm run bench`, and its way to the ranks. */

import type { MpiFlavour } from "../src/native/load.ts";

export interface BenchOptions {
  /** Ranks under mpiexec; null: one process, ranks are threads. */
  ranks: number | null;
  mpi: MpiFlavour | null;
  /** JS workers of a rank, or native or process slots, whichever the bench uses; null: its own choice. */
  workers: number | null;
  /** Measuring time of a case, at most about so much. */
  seconds: number;
  /** Sizes that end in a moment: for tests of the bench itself. Its figures mean nothing. */
  smoke: boolean;
  /** Only this case. */
  only: string | null;
  /** Of `uts`: which tree. */
  tree: string;
}

export interface CommandLine extends BenchOptions {
  name: string;
  json: boolean;
}

export const usage = `npm run bench -- NAME [options]

  --json                 one JSON line per case
  --ranks N              ranks under mpiexec (default: one process)
  --mpi mpich|openmpi    which MPI (default: the first that is installed)
  --workers N            workers, or slots, of a rank
  --seconds S            measuring time of a case (default 8)
  --case CASE            only this case
  --tree T1|T2|T3|T1L    which tree uts walks (default T1)
  --smoke                a size that only shows that the bench works`;

/** Thrown for a command line that cannot be meant. */
export class UsageError extends Error {}

/** Reads a command line. Throws UsageError, which names the word. */
export function parseCommandLine(words: readonly string[], names: readonly string[]): CommandLine {
  const line: CommandLine = {
    name: "",
    json: false,
    ranks: null,
    mpi: null,
    workers: null,
    seconds: 8,
    smoke: false,
    only: null,
    tree: "T1",
  };
  const rest = words.flatMap((word) =>
    /^--\w+=/.test(word) ? [word.split("=", 1)[0]!, word.slice(word.indexOf("=") + 1)] : [word],
  );
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === "--json") line.json = true;
    else if (word === "--smoke") line.smoke = true;
    else if (word === "--ranks") line.ranks = wholeNumber(word, rest.shift());
    else if (word === "--workers") line.workers = wholeNumber(word, rest.shift());
    else if (word === "--seconds") line.seconds = positive(word, rest.shift());
    else if (word === "--mpi") line.mpi = flavour(rest.shift());
    else if (word === "--case") line.only = rest.shift() ?? "";
    else if (word === "--tree") line.tree = treeName(rest.shift());
    else if (word.startsWith("-") || line.name !== "") throw new UsageError(`unknown option: ${word}`);
    else line.name = word;
  }
  if (names.includes(line.name)) return line;
  throw new UsageError(
    `${line.name === "" ? "no bench is named" : `no bench "${line.name}"`}; there are: ${names.join(", ")}`,
  );
}

function wholeNumber(option: string, text: string | undefined): number {
  const value = Number(text);
  if (text !== undefined && Number.isInteger(value) && value >= 1) return value;
  throw new UsageError(`${option} takes an integer of 1 or more, not ${text ?? "nothing"}`);
}

function positive(option: string, text: string | undefined): number {
  const value = Number(text);
  if (text !== undefined && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`${option} takes a number above 0, not ${text ?? "nothing"}`);
}

function flavour(text: string | undefined): MpiFlavour {
  if (text === "mpich" || text === "openmpi") return text;
  throw new UsageError(`--mpi takes mpich or openmpi, not ${text ?? "nothing"}`);
}

function treeName(text: string | undefined): string {
  if (text !== undefined && ["T1", "T2", "T3", "T1L"].includes(text)) return text;
  throw new UsageError(`--tree takes T1, T2, T3 or T1L, not ${text ?? "nothing"}`);
}

const VARIABLE = "HEDDLE_BENCH";

/** The environment that hands options to every rank. */
export function optionsToEnvironment(options: BenchOptions): Record<string, string> {
  const { ranks, mpi, workers, seconds, smoke, only, tree } = options;
  return { [VARIABLE]: JSON.stringify({ ranks, mpi, workers, seconds, smoke, only, tree }) };
}

/** The options of this run, on any rank and in any worker. */
export function benchOptions(): BenchOptions {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new UsageError(`benches are started by the command\n${usage}`);
  return JSON.parse(text) as BenchOptions;
}
