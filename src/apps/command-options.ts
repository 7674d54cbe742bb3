/** Where a command runs and where its output goes: options of apps and of single calls. */

import { HeddleError } from "../errors.ts";
import type { CommandSettings, CommandTexts, OutputFile } from "../serialize/command-settings.ts";
import { TemplateCompiler } from "../serialize/template.ts";
import { shorten } from "../serialize/values.ts";
import { isPlain } from "./schema.ts";

/** Options of commands that a call may change. Texts may hold placeholders. */
export interface CommandOptions {
  /**
   * Working directory; must exist. "fresh": a new folder of each task's own, under the run directory. (A folder of that name: `./fresh`.)
   * Default: that of the rank.
   */
  cwd?: string;
  /**
   * Variables added to the environment. Besides these a command is given HEDDLE_RANK, HEDDLE_WORKER (the process slot),
   * HEDDLE_TASK (the index), OMP_NUM_THREADS (the cores of the task: 1) unless the rank's environment has it, and, where
   * there are GPUs to share, CUDA_VISIBLE_DEVICES with those of its slot.
   */
  env?: Record<string, string>;
  /**
   * File that receives standard output, which is replaced, or with `[path, "append"]` appended to; then the result's `stdout` is its path. "auto": a file
   * of each task's own, under the run directory. Default: kept in memory.
   */
  stdout?: string | readonly [path: string, mode: "append"];
  /** The same for standard error. */
  stderr?: string | readonly [path: string, mode: "append"];
}

/** Options of which each task has its own; null: the app's template can say it all. Throws ERR_CONFIG, ERR_COMMAND_TEMPLATE. */
export function ownSettings(name: string, { cwd, stdout, stderr }: CommandOptions): CommandSettings | null {
  const texts: CommandTexts = {};
  if (cwd === "fresh") texts.cwd = cwd;
  if (stdout === "auto") texts.stdout = stdout;
  if (stderr === "auto") texts.stderr = stderr;
  return Object.keys(texts).length === 0 ? null : compile(name, texts);
}

/** What calls set that are made with these options; undefined: nothing. Throws ERR_CONFIG, ERR_COMMAND_TEMPLATE. */
export function changedSettings(
  name: string,
  given: CommandOptions,
  base: CommandSettings | undefined,
): CommandSettings | undefined {
  const { cwd, stdout, stderr, env } = given;
  const changes = Object.fromEntries(
    Object.entries({ cwd, stdout, stderr }).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(changes).length === 0 && env === undefined) return base;
  return compile(name, { ...base?.texts, ...changes, env: { ...base?.texts.env, ...variables(name, env) } });
}

function compile(name: string, texts: CommandTexts): CommandSettings {
  const compiler = new TemplateCompiler(name);
  const file = (key: "stdout" | "stderr"): OutputFile | "auto" | null => {
    const given = texts[key];
    if (given === undefined || given === "auto") return given ?? null;
    const { path, append } = outputFile(name, key, given);
    return { path: compiler.compile(path, key), append };
  };
  const { cwd, env = {} } = texts;
  return {
    texts,
    cwd: cwd === undefined || cwd === "fresh" ? (cwd ?? null) : compiler.compile(cwd, "cwd"),
    stdout: file("stdout"),
    stderr: file("stderr"),
    env: Object.entries(env).map(([key, value]) => [key, compiler.compile(value, `env.${key}`)]),
    placeholders: compiler.placeholders(),
  };
}

/** Throws ERR_CONFIG for what is no object; its values are checked as texts. */
export function variables(app: string, env: unknown = {}): Record<string, string> {
  if (isPlain(env)) return env as Record<string, string>;
  const hint = 'give an object of names and values, such as { LANG: "C" }';
  throw new HeddleError("ERR_CONFIG", `App "${app}": env is ${shorten(env)}.`, hint);
}

/** Throws ERR_CONFIG. */
export function outputFile(app: string, key: string, given: unknown): { path: string; append: boolean } {
  if (typeof given === "string" && given !== "") return { path: given, append: false };
  if (Array.isArray(given) && given.length === 2 && typeof given[0] === "string" && given[1] === "append")
    return { path: given[0], append: true };
  const hint = `give a path, [path, "append"], or "auto"`;
  throw new HeddleError("ERR_CONFIG", `App "${app}": ${key} is ${shorten(given)}.`, hint);
}
