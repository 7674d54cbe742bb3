/** start(): the engine inside a larger program. */

import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine } from "../dataflow/engine.ts";
import { HeddleError } from "../errors.ts";
import { freezeApps, thawApps } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { loadMaps } from "./app.ts";
import { configHere } from "./config.ts";
import type { StartOptions } from "./options.ts";
import { resolveOptions } from "./resolve.ts";
import { isPlain } from "./schema.ts";
import { endServing, onBrokenProgram, serveForEver } from "./serve.ts";

/**
 * Starts the engine inside a program that goes on to do other things. Apps live in modules of their own, which every
 * worker loads; the program's main file is never loaded a second time.
 *
 * Under mpiexec it must come before other side effects: on ranks above 0 it does not return.
 *
 * @param options.apps - Modules that define apps, as URLs or paths.
 * @returns The engine; `close()` it, or hold it with `await using`.
 * @throws {@link HeddleError} `ERR_ALREADY_STARTED`, `ERR_PROGRAM`, `ERR_CONFIG`, and what opening MPI gives.
 * @example
 * import { energy } from "./apps.ts";
 * await using engine = await start({ apps: [new URL("./apps.ts", import.meta.url)] });
 * console.log(await energy("CCO", 1), engine.ranks);
 */
export async function start(options: StartOptions): Promise<Engine> {
  if (options !== undefined && !isPlain(options)) {
    throw new HeddleError("ERR_CONFIG", `The options of start() are ${shorten(options)}.`, EXAMPLE);
  }
  const { apps, ...rest } = options ?? {};
  const resolved = resolveOptions(rest, { by: "start()", config: await configHere() });
  const modules = modulesOf(apps);
  thawApps();
  for (const module of modules) await load(module);
  freezeApps("start()");
  const onBroken = (message: string): void => onBrokenProgram(message, engine);
  let engine: Engine | null = null;
  const { openEngine } = await import("../dataflow/engine.ts");
  engine = await openEngine(
    "start()",
    { ...resolved, load: { modules }, onBroken },
    {
      onFatal: (error) => {
        // On rank 0 whoever awaits a task gets the error; a rank that serves has nobody else to tell.
        if (engine !== null && engine.rank > 0) endServing(engine, error);
      },
      onClosed: () => {
        if (engine !== null && engine.rank > 0) process.exit(0);
      },
    },
  );
  if (engine.rank > 0) return await serveForEver();
  await loadMaps();
  return engine;
}

const EXAMPLE = 'name the modules that define your apps: start({ apps: [new URL("./apps.js", import.meta.url)] })';

/** Throws ERR_CONFIG. */
function modulesOf(apps: unknown = []): string[] {
  const isModule = (one: unknown): one is string | URL => one instanceof URL || (typeof one === "string" && one !== "");
  if (!Array.isArray(apps) || !apps.every(isModule)) {
    throw new HeddleError("ERR_CONFIG", `start({ apps }): apps is ${shorten(apps)}.`, EXAMPLE);
  }
  if (apps.length > 0) return apps.map(moduleUrl);
  throw new HeddleError("ERR_CONFIG", "start({ apps }) names no module.", EXAMPLE);
}

function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href;
  if (/^(file|data|node):/.test(module)) return module;
  return pathToFileURL(isAbsolute(module) ? module : resolve(module)).href;
}

async function load(module: string): Promise<void> {
  try {
    await import(module);
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    const message = `The module ${module} named in start({ apps }) does not load: ${(cause as Error).message}`;
    throw new HeddleError("ERR_PROGRAM", message, null, { cause });
  }
}
