/** Configuration files: defineConfig(), and how a file is found and read. */

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HeddleError } from "../errors.ts";
import { detectLaunch } from "../launchers/detect.ts";
import { programEnvironment } from "../launchers/flags.ts";
import { shorten } from "../serialize/values.ts";
import type { LoadedConfig } from "./layers.ts";
import type { RunOptions } from "./options.ts";
import { checkOptions, errorOf, isPlain, type Mistake, originOf } from "./schema.ts";
import { ownerOf, requireTrusted } from "./trust.ts";

/** What a configuration file says: the options of {@link run}. */
export type Config = RunOptions;

/**
 * Checks the options of a configuration file, and lets an editor know their types. It returns them as they are.
 *
 * A file `heddle.config.ts` (or .mts, .js, .mjs, .cjs, .json) in the folder of the program, or in one above it, exports them as its default.
 *
 * @param config - {@link RunOptions}
 * @throws {@link HeddleError} `ERR_CONFIG`, which lists every mistake with its path.
 * @example
 * // heddle.config.ts
 * export default defineConfig({ executors: { cpu: { workers: 4 }, gpu: { workers: 1, gpus: 1 } } });
 */
export function defineConfig<const C extends Config>(config: C): C {
  checkOptions(config, originOf("defineConfig()"));
  return config;
}

const NAMES = [".ts", ".mts", ".js", ".mjs", ".cjs", ".json"].map((ending) => `heddle.config${ending}`);
const COMPILE_WAIT_MS = 60_000;

/** Is it the name of a configuration file? */
export function isConfigFile(path: string): boolean {
  return NAMES.includes(basename(path));
}

/** The configuration file of a folder, or of the next one above that has one. Throws ERR_CONFIG where a folder has two. */
export function findConfig(from: string): string | null {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const there = NAMES.filter((name) => existsSync(join(folder, name)));
    if (there.length > 1) {
      throw new HeddleError("ERR_CONFIG", `${folder} has ${there.join(" and ")}.`, "leave one of them");
    }
    if (there[0] !== undefined) return join(folder, there[0]);
    if (folder === dirname(folder)) return null;
  }
}

/**
 * The configuration of this process. HEDDLE_CONFIG names a file, or is "none", or holds what `heddle run` has read: { path, options }.
 * Without it a file is looked for from the program's folder upwards, without a program from the current one.
 */
export async function configHere(): Promise<LoadedConfig | null> {
  const program = process.argv[1];
  const given = programEnvironment()["HEDDLE_CONFIG"];
  if (program === undefined) return await configOf(process.cwd(), { given });
  const folder = dirname(resolve(program));
  return await configOf(folder, { owner: ownerOf(folder), given });
}

/** More about where a configuration is looked for. */
export interface ConfigSearch {
  /** Whose files count as this user's: the owner of the program's folder. Null: nobody else's. */
  owner?: number | null;
  /** What HEDDLE_CONFIG may say. Default: what it says. */
  given?: string | undefined;
}

/** The same, looked for from a folder upwards. A file that is found, not named, must be one to trust. */
export async function configOf(
  folder: string,
  { owner = null, given = process.env["HEDDLE_CONFIG"] }: ConfigSearch = {},
): Promise<LoadedConfig | null> {
  if (given === "none") return null;
  if (given?.startsWith("{")) return JSON.parse(given) as LoadedConfig;
  if (given) return await loadConfig(resolve(given));
  const path = findConfig(folder);
  if (path === null) return null;
  requireTrusted(path, owner);
  return await loadConfig(path);
}

/** Reads a configuration file and checks it. Throws ERR_CONFIG. */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  const origin = originOf(path);
  const options = await contentOf(path);
  checkOptions(options, origin);
  return { path, options: options as object };
}

async function contentOf(path: string): Promise<unknown> {
  if (!existsSync(path)) {
    const hint = "name a configuration file (--config, HEDDLE_CONFIG), or none";
    throw new HeddleError("ERR_CONFIG", `There is no configuration file ${path}.`, hint);
  }
  let made: unknown;
  try {
    if (path.endsWith(".json")) return JSON.parse(readFileSync(path, "utf8"));
    // Whoever imports the compiler pays for it: programs without such a file do not.
    const { prepareProgram } = await import("../compile/compile.ts");
    const launch = detectLaunch(process.env);
    const compile = launch.kind === "threads" || launch.rank === 0;
    const file = await prepareProgram(path, { compile, waitMs: COMPILE_WAIT_MS });
    made = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw cannotRead(path, cause);
  }
  if (isPlain(made) && typeof made["retries"] === "function") {
    const hint = "give a number, or the function to run() or start()"; // Ranks get the file's options as JSON.
    throw new HeddleError("ERR_CONFIG", `${path}: retries is a function.`, hint);
  }
  if (isPlain(made)) return made;
  const what = made === undefined ? "has no default export" : `exports ${shorten(made)} as its default`;
  throw new HeddleError("ERR_CONFIG", `${path} ${what}.`, "write: export default defineConfig({ ... })");
}

function cannotRead(path: string, cause: unknown): HeddleError {
  const mistakes = cause instanceof HeddleError ? (cause.data["mistakes"] as Mistake[] | undefined) : undefined;
  if (mistakes !== undefined) return errorOf(mistakes, originOf(path)); // Of defineConfig(), which does not know the file.
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HeddleError(
    "ERR_CONFIG",
    `${path} cannot be read: ${why}`,
    "correct the file, or set HEDDLE_CONFIG=none",
    {
      cause,
    },
  );
}
