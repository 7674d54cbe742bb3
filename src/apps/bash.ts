/** Shell commands as apps. */

import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import type { CommandTemplate, Piece } from "../native/binding.ts";
import { type AppDefinition, register } from "../serialize/registry.ts";
import type { Word } from "../serialize/strings.ts";
import { TemplateCompiler } from "../serialize/template.ts";
import { shorten } from "../serialize/values.ts";
import { callable } from "./app.ts";
import { placementOf, walltimeMs } from "./definition.ts";
import type { MapHandle, MapOptions } from "./map.ts";
import { type PolicyOptions, policyOf } from "./policy.ts";
import type { CallOptions, Column, Input, PlacementOptions } from "./types.ts";

/** How a command ended that did not fail. */
export interface CommandResult {
  exitCode: number;
  /** What it wrote, up to `captureBytes`; where a file receives it, the file's path. */
  stdout: string;
  stderr: string;
}

/** Options of {@link bashApp}. Texts may hold placeholders where the command is a template. */
export interface BashOptions extends PlacementOptions, PolicyOptions {
  /** Limit of the command with everything it starts, seconds. Default: none. */
  walltime?: number;
  /** Working directory; must exist. Default: that of the rank. */
  cwd?: string;
  /**
   * Variables added to the environment. Besides these a command is given HEDDLE_RANK, HEDDLE_WORKER (the process slot),
   * HEDDLE_TASK (the index), OMP_NUM_THREADS (the cores of the task: 1) unless the rank's environment has it, and, where
   * there are GPUs to share, CUDA_VISIBLE_DEVICES with those of its slot.
   */
  env?: Record<string, string>;
  /** File that becomes standard input. Default: none. */
  stdin?: string;
  /** File that receives standard output; then the result's `stdout` is its path. Default: kept in memory. */
  stdout?: string;
  /** File that receives standard error. Default: kept in memory. */
  stderr?: string;
  /** True: files are appended to. Default: they are replaced. */
  append?: boolean;
  /** Bytes of stdout, and of stderr, that are kept: the first and the last half. Default: 1 MiB. */
  captureBytes?: number;
  /** Exit codes that are no failure. Default: [0]. */
  okExitCodes?: readonly number[];
  /** False: no exit code is a failure. Default: true. */
  check?: boolean;
}

/** An app that runs a command template. */
export interface BashApp {
  /** Runs one command: either one object with a value for each name, or a value for each placeholder in order. */
  (values: Record<string, Input<Word>>): AppFuture<CommandResult>;
  (...values: Input<Word>[]): AppFuture<CommandResult>;
  readonly appName: string;
  /** The same app with other options. */
  with(options: CallOptions): BashApp;
  /** Runs one command per element: an object of values, an array of values, or one value. */
  map(
    inputs: Column<Record<string, Word> | readonly Word[] | Word>,
    options?: MapOptions,
  ): MapHandle<CommandResult, CommandResult[]>;
  /** Runs one command per row: one column for each placeholder, in order. */
  map(...columns: [...Column<Word>[], options: MapOptions]): MapHandle<CommandResult, CommandResult[]>;
  map(...columns: Column<Word>[]): MapHandle<CommandResult, CommandResult[]>;
}

/** An app whose function makes the command. */
export interface BashFunctionApp<A extends readonly unknown[]> {
  (...args: { [K in keyof A]: Input<A[K]> }): AppFuture<CommandResult>;
  readonly appName: string;
  with(options: CallOptions): BashFunctionApp<A>;
  map(
    ...columns: [...{ [K in keyof A]: Column<A[K]> }, options?: MapOptions]
  ): MapHandle<CommandResult, CommandResult[]>;
}

const CAPTURE_BYTES = 1024 * 1024;

/**
 * Makes an app of a shell command. Commands run in process slots, without JavaScript, wherever a slot is free.
 *
 * An array is argv: no shell, each element one word whatever the values hold. A string is run by `/bin/sh -c`, with
 * values quoted. `{name}` and `{0}` are filled from the arguments, `{index}` from the task's index; `{{` and `}}` are
 * braces. A function makes argv, or a string for the shell, where the task is submitted, and must quote itself.
 *
 * @param name - Unique in the program, 1 to 200 characters.
 * @param command - Template or function.
 * @param options - {@link BashOptions}
 * @returns An app whose tasks give {@link CommandResult}, and fail with CommandError for a non-zero exit code.
 * @throws {@link HeddleError} `ERR_COMMAND_TEMPLATE`, `ERR_CONFIG`, and those of {@link app}.
 * @example
 * const count = bashApp("count", ["wc", "-l", "{file}"]);
 * await run(async () => {
 *   const { stdout } = await count({ file: "/etc/passwd" });
 *   await count.map(["a.txt", "b.txt"]).discard();
 * });
 */
export function bashApp(name: string, command: readonly string[] | string, options?: BashOptions): BashApp;
export function bashApp<A extends unknown[]>(
  name: string,
  command: (...args: A) => readonly Word[] | string,
  options?: BashOptions,
): BashFunctionApp<A>;
export function bashApp(
  name: string,
  command: readonly string[] | string | ((...args: never[]) => unknown),
  options: BashOptions = {},
): unknown {
  const compiler = new TemplateCompiler(name);
  const fn = typeof command === "function" ? command : null;
  const template = compile(compiler, command, options, name);
  const source = fn === null ? JSON.stringify(template) : fn.toString();
  const policy = policyOf(name, options);
  const definition: AppDefinition = {
    name,
    kind: "process",
    fn,
    returns: null,
    walltimeMs: template.walltimeMs,
    placement: placementOf(name, options),
    command: template,
    placeholders: fn === null ? compiler.placeholders() : null,
    isolated: false,
    native: null,
    source,
    ...(policy === undefined ? {} : { policy }),
  };
  if (fn !== null && compiler.placeholders().slots.length > 0) {
    throw new HeddleError(
      "ERR_COMMAND_TEMPLATE",
      `App "${name}": options of a command that a function makes cannot hold placeholders.`,
      'use a template, or return a string with the redirection: `tool ... > "file"`',
    );
  }
  register(definition);
  return callable(definition);
}

function compile(
  compiler: TemplateCompiler,
  command: readonly string[] | string | ((...args: never[]) => unknown),
  options: BashOptions,
  name: string,
): CommandTemplate {
  const words = Array.isArray(command) ? command.map((word, k) => compiler.compile(word, `word ${k}`)) : null;
  const shell = typeof command === "string" ? compiler.compile(command, "the command") : null;
  if (words === null && shell === null && typeof command !== "function") {
    const message = `App "${name}": the command is ${shorten(command)}.`;
    throw new HeddleError(
      "ERR_COMMAND_TEMPLATE",
      message,
      "pass an array of words, a string for /bin/sh, or a function",
    );
  }
  if (words?.length === 0 || shell?.join("") === "") {
    throw new HeddleError("ERR_COMMAND_TEMPLATE", `App "${name}": the command is empty.`, "give at least one word");
  }
  const text = (key: "cwd" | "stdin" | "stdout" | "stderr"): Piece[] | null =>
    options[key] === undefined ? null : compiler.compile(options[key], key);
  return {
    words,
    shell,
    shellFromArguments: false,
    cwd: text("cwd"),
    stdin: text("stdin"),
    stdout: text("stdout"),
    stderr: text("stderr"),
    append: options.append ?? false,
    env: Object.entries(options.env ?? {}).map(([key, value]) => [key, compiler.compile(value, `env.${key}`)]),
    captureBytes: captureBytes(name, options.captureBytes),
    walltimeMs: walltimeMs(name, options.walltime),
    okExitCodes: options.check === false ? null : [...(options.okExitCodes ?? [0])],
  };
}

function captureBytes(name: string, bytes: number | undefined): number {
  if (bytes === undefined) return CAPTURE_BYTES;
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new HeddleError(
    "ERR_CONFIG",
    `App "${name}": captureBytes is ${shorten(bytes)}.`,
    "give an integer, 0 or more",
  );
}
