/** Shell commands as apps. */

import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import type { CommandTemplate, Piece } from "../native/binding.ts";
import { type AppDefinition, checkName, register } from "../serialize/registry.ts";
import type { Word } from "../serialize/strings.ts";
import { TemplateCompiler } from "../serialize/template.ts";
import { shorten } from "../serialize/values.ts";
import { callable } from "./app.ts";
import { type CommandOptions, outputFile, ownSettings, variables } from "./command-options.ts";
import { placementOf, walltimeMs } from "./definition.ts";
import type { FileTaskOptions } from "./files.ts";
import { checkNames } from "./known.ts";
import type { MapHandle, MapOptions } from "./map.ts";
import { type PolicyOptions, policiesOf } from "./policy.ts";
import type { ArgumentsOf, CallOptions, Column, Input, PlacementOptions, Returning } from "./types.ts";

/** How a command ended that did not fail. */
export interface CommandResult {
  exitCode: number;
  /** What it wrote, up to `captureBytes`; where a file receives it, the file's path. */
  stdout: string;
  stderr: string;
}

/** Options of {@link bashApp}. Texts may hold placeholders where the command is a template. */
export interface BashOptions extends PlacementOptions, PolicyOptions, FileTaskOptions, CommandOptions {
  /** Limit of the command with everything it starts, seconds. Default: none. */
  walltime?: number;
  /** File that becomes standard input. Default: none. */
  stdin?: string;
  /** True: all files are appended to. Default: false. */
  append?: boolean;
  /**
   * "stdout": the result is what the command wrote to standard output, as text (UTF-8) without its last newline, in place of {@link CommandResult}. More than
   * `captureBytes` is an error (`ERR_COMMAND_OUTPUT`). Where a file receives it, the content of that, which the node of the task reads. Default: CommandResult.
   */
  returns?: "stdout";
  /** Bytes of stdout, and of stderr, that are kept: the first and the last half. Default: 1 MiB. */
  captureBytes?: number;
  /** Exit codes that are no failure. Default: [0]. */
  okExitCodes?: readonly number[];
  /** False: no exit code is a failure. Default: true. */
  check?: boolean;
}

/** Options of {@link bashApp} that a call may change. */
export interface CommandCallOptions extends CallOptions, CommandOptions {}

/**
 * An app that runs a command template.
 *
 * @typeParam R - Result of one command.
 */
export interface BashApp<R = CommandResult> {
  /** Runs one command: either one object with a value for each name, or a value for each placeholder in order. */
  (values: Record<string, Input<Word>>): AppFuture<R>;
  (...values: Input<Word>[]): AppFuture<R>;
  readonly appName: string;
  /** The same app with other options. */
  with(options: CommandCallOptions): BashApp<R>;
  /** Runs one command per element: an object of values, an array of values, or one value. */
  map(inputs: Column<Record<string, Word> | readonly Word[] | Word>, options?: MapOptions): MapHandle<R, R[]>;
  /** Runs one command per row: one column for each placeholder, in order. */
  map(...columns: [...Column<Word>[], options: MapOptions]): MapHandle<R, R[]>;
  map(...columns: Column<Word>[]): MapHandle<R, R[]>;
}

/** An app whose function makes the command. */
export interface BashFunctionApp<A extends readonly unknown[], R = CommandResult> {
  (...args: { [K in keyof A]: Input<A[K]> }): AppFuture<R>;
  readonly appName: string;
  with(options: CommandCallOptions): BashFunctionApp<A, R>;
  map(...columns: [...{ [K in keyof A]: Column<A[K]> }, options?: MapOptions]): MapHandle<R, R[]>;
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
 * @returns An app whose tasks give {@link CommandResult}, or with `returns: "stdout"` a string, and fail with CommandError for a non-zero exit code.
 * @throws {@link HeddleError} `ERR_COMMAND_TEMPLATE`, `ERR_CONFIG`, and those of {@link app}.
 * @example
 * const count = bashApp("count", ["wc", "-l", "{file}"]);
 * await run(async () => {
 *   const { stdout } = await count({ file: "/etc/passwd" });
 *   await count.map(["a.txt", "b.txt"]).discard();
 * });
 */
export function bashApp(
  name: string,
  command: readonly string[] | string,
  options: BashOptions & { returns: "stdout" },
): BashApp<string>;
export function bashApp<A extends unknown[]>(
  name: string,
  command: (...args: A) => readonly Word[] | string,
  options: BashOptions & { returns: "stdout" },
): BashFunctionApp<A, string>;
export function bashApp(name: string, command: readonly string[] | string, options?: BashOptions): BashApp;
export function bashApp<F extends CallableFunction>(
  name: string,
  command: F & Returning<F, readonly Word[] | string>,
  options?: BashOptions,
): BashFunctionApp<ArgumentsOf<F>>;
export function bashApp(
  name: string,
  command: readonly string[] | string | ((...args: never[]) => unknown),
  options: BashOptions = {},
): unknown {
  checkName(name);
  checkNames(`App "${name}"`, "bash", options);
  const compiler = new TemplateCompiler(name);
  const fn = typeof command === "function" ? command : null;
  const template = compile(compiler, command, options, name);
  // What counts for the version of its results: a function says nothing of what becomes of its command.
  const source = fn === null ? JSON.stringify(template) : `${fn.toString()}${options.returns ?? ""}`;
  const settings = ownSettings(name, options);
  const definition: AppDefinition = {
    name,
    kind: "process",
    fn,
    returns: null,
    walltimeMs: template.walltimeMs,
    placement: placementOf(name, options),
    command: template,
    ...(settings === null ? {} : { settings }),
    placeholders: fn === null ? compiler.placeholders() : null,
    isolated: false,
    native: null,
    source,
    ...policiesOf(name, options),
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
  const text = (value: string | undefined, key: string): Piece[] | null =>
    value === undefined ? null : compiler.compile(value, key);
  const file = (key: "stdout" | "stderr"): { path: Piece[] | null; append: boolean } => {
    const given = options[key];
    if (given === undefined || given === "auto") return { path: null, append: false };
    const { path, append } = outputFile(name, key, given);
    return { path: compiler.compile(path, key), append: append || flag(name, "append", options.append, false) };
  };
  const [stdout, stderr] = [file("stdout"), file("stderr")];
  return {
    words,
    shell,
    shellFromArguments: false,
    cwd: options.cwd === "fresh" ? null : text(options.cwd, "cwd"),
    stdin: text(options.stdin, "stdin"),
    stdout: stdout.path,
    stderr: stderr.path,
    appendStdout: stdout.append,
    appendStderr: stderr.append,
    env: Object.entries(variables(name, options.env)).map(([key, value]) => [
      key,
      compiler.compile(value, `env.${key}`),
    ]),
    captureBytes: captureBytes(name, options.captureBytes),
    walltimeMs: walltimeMs(name, options.walltime),
    okExitCodes: okExitCodes(name, options),
    ...(returnsStdout(name, options.returns) ? { returnsStdout: true } : {}),
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

/** Null: none is a failure. */
function okExitCodes(name: string, { check, okExitCodes: codes = [0] }: BashOptions): number[] | null {
  const isCode = (code: unknown): boolean => Number.isInteger(code) && (code as number) >= 0 && (code as number) <= 255;
  if (!Array.isArray(codes) || !codes.every(isCode)) {
    const hint = "give a list of integers from 0 to 255, such as [0, 1]";
    throw new HeddleError("ERR_CONFIG", `App "${name}": okExitCodes is ${shorten(codes)}.`, hint);
  }
  return flag(name, "check", check, true) ? [...codes] : null;
}

function flag(name: string, key: string, given: unknown, otherwise: boolean): boolean {
  if (given === undefined) return otherwise;
  if (typeof given === "boolean") return given;
  throw new HeddleError("ERR_CONFIG", `App "${name}": ${key} is ${shorten(given)}.`, "give true or false");
}

function returnsStdout(name: string, returns: unknown): boolean {
  if (returns === undefined || returns === "stdout") return returns === "stdout";
  const hint = 'give "stdout", or leave it out: the result is then { exitCode, stdout, stderr }';
  throw new HeddleError("ERR_CONFIG", `App "${name}": returns is ${shorten(returns)}.`, hint);
}
