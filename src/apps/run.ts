/** run(): a program that is Heddle's from start to end. */

import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine } from "../dataflow/engine.ts";
import { unawaitedFailures } from "../dataflow/unawaited.ts";
import { HeddleError } from "../errors.ts";
import { errorReport } from "../monitoring/report.ts";
import { stagedFolder, stagedNames } from "../native/staged.ts";
import { freezeApps } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { workerHook } from "../worker/hook.ts";
import { loadMaps } from "./app.ts";
import { configHere } from "./config.ts";
import type { RunOptions } from "./options.ts";
import { type ResolvedOptions, resolveOptions } from "./resolve.ts";
import { onBrokenProgram, serveForEver } from "./serve.ts";
import { watchSignals } from "./signals.ts";

let called = false;

/**
 * Runs a program: `body` on rank 0, tasks wherever there are workers.
 *
 * Every rank and every worker thread loads the program file itself. On ranks above 0 and in worker threads `run` takes
 * over and its promise never resolves, so `body`, and what follows `await run(...)`, happen on rank 0 alone; whatever
 * stands before `run` happens everywhere, so keep it cheap.
 *
 * When `body` ends, outstanding calls are awaited, then everything is closed. When it throws, the error is printed
 * with its causes and the process ends with code 1. Calls that failed and were never awaited count as an error.
 *
 * @param body - The program, given the engine. Its result is that of `run`.
 * @param options - {@link RunOptions}
 * @throws {@link HeddleError} `ERR_ALREADY_STARTED` when called twice, `ERR_CONFIG`.
 * @example
 * const hello = app("hello", (name: string) => `Hello, ${name}`);
 * await run(async () => console.log(await hello("world")));
 */
export async function run<T>(body: (engine: Engine) => T | PromiseLike<T>, options: RunOptions = {}): Promise<T> {
  if (typeof body !== "function") {
    const hint = "give the body first, then the options: run(async (engine) => { ... }, { workers: 2 })";
    throw new HeddleError("ERR_CONFIG", `run(): the first argument is ${shorten(body)}.`, hint);
  }
  const hook = workerHook();
  if (hook !== undefined) {
    hook();
    return await new Promise<never>(() => {});
  }
  if (called) {
    throw new HeddleError(
      "ERR_ALREADY_STARTED",
      "run() was called twice.",
      "put everything into the body of one run()",
    );
  }
  called = true;
  return await runHere(body, options);
}

async function runHere<T>(body: (engine: Engine) => T | PromiseLike<T>, options: RunOptions): Promise<T> {
  let engine: Engine | null = null;
  let fatal: HeddleError | null = null;
  try {
    freezeApps("run()");
    const resolved = resolveOptions(options, { by: "run()", config: await configHere() });
    const onBroken = (message: string): void => onBrokenProgram(message, engine);
    // Loaded here, since workers and what they share with this file never need it.
    const { openEngine } = await import("../dataflow/engine.ts");
    engine = await openEngine(
      "run()",
      { ...resolved, load: loadOf(resolved), onBroken },
      {
        onFatal: (error) => {
          fatal = error;
          void endWith(engine, error);
        },
        onClosed: () => {
          if (engine !== null && engine.rank > 0) process.exit(0);
        },
      },
    );
    watchSignals(engine);
    if (engine.rank > 0) return await serveForEver();
    await loadMaps();
    const result = await body(engine);
    await engine.whenIdle();
    const unawaited = unawaitedFailures();
    if (unawaited !== null) throw unawaited;
    await engine.close();
    return result;
  } catch (error) {
    return await endWith(engine, fatal ?? error);
  }
}

let ending = false;

/** Prints the error, closes, and ends the process with code 1. */
async function endWith(engine: Engine | null, error: unknown): Promise<never> {
  if (ending) return await new Promise<never>(() => {});
  ending = true;
  process.exitCode = 1;
  const lost = error instanceof HeddleError && error.code === "ERR_RANK_LOST";
  // Rank 0 speaks for all, unless it is the one that is gone.
  const speaks = engine === null || engine.rank === 0 || (lost && error.message.startsWith("rank 0 "));
  if (speaks) process.stderr.write(`heddle: ${errorReport(error)}\n`);
  engine?.log.error("the program ends by an error", { error });
  engine?.tellUnawaited(error);
  if (lost) engine?.abort(1);
  await engine?.close();
  process.exit(1);
}

// Inline loads nothing a second time, so it works where there is no program file.
function loadOf({ executors }: ResolvedOptions): { program: string } | { modules: string[] } {
  // On one thread only isolated tasks load it again.
  const inline = executors.every(({ kind }) => kind === "inline");
  return inline && process.argv[1] === undefined ? { modules: [] } : { program: programUrl() };
}

function programUrl(): string {
  const staged = stagedFolder();
  const program = staged === null ? process.argv[1] : join(staged, stagedNames.program);
  if (program === undefined) {
    throw new HeddleError(
      "ERR_PROGRAM",
      "run() needs a program file that workers can load; this one has none (a REPL, or node -e).",
      "use start({ apps: [...] }), or HEDDLE_EXECUTOR=inline",
    );
  }
  return pathToFileURL(resolve(program)).href;
}
