/** Commands on the main thread, for the `inline` executor: the outcome of a task as native process slots would give it. */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { constants as os } from "node:os";
import { delimiter, dirname, join, resolve as resolvePath } from "node:path";
import type { CommandTemplate, Need, SubmitOptions } from "../native/binding.ts";
import { encode } from "../serialize/codec.ts";
import { unpackSettings } from "../serialize/command-settings.ts";
import { findApp } from "../serialize/registry.ts";
import { headOf, unpackStrings } from "../serialize/strings.ts";
import { fill } from "../serialize/template.ts";
import { Capture } from "./capture.ts";

interface Outcome {
  failed: boolean;
  payload: Uint8Array;
}

/** A command on its way. */
export interface CommandTask {
  done: Promise<Outcome>;
  /** Ends it with everything in its process group. */
  stop: () => void;
}

interface Command {
  argv: string[];
  shell: boolean;
  cwd: string | null;
  stdin: string | null;
  stdout: string | null;
  stderr: string | null;
  appendStdout: boolean;
  appendStderr: boolean;
  makeFolders: boolean;
  env: Record<string, string>;
}

interface Failure {
  code: string;
  message: string;
  hint: string | null;
}

/** Starts the command of task `index`. */
export function runCommandTask(options: SubmitOptions, index: number, gpus: readonly string[]): CommandTask {
  const template = findApp(options.app)?.command as CommandTemplate;
  const command = commandOf(template, options, index);
  command.env = {
    HEDDLE_RANK: "0",
    HEDDLE_WORKER: "0",
    HEDDLE_TASK: String(index),
    ...whatItMayUse(options.need, gpus),
    ...command.env,
  };
  let child: ChildProcess | null = null;
  const done = new Promise<Outcome>((resolve) => {
    const problem = findProblem(command);
    if (problem !== null) return resolve(failure(command, problem, null));
    try {
      child = launch(template, command, options.walltimeMs || template.walltimeMs, resolve);
    } catch (error) {
      resolve(failure(command, { code: "ERR_OUTPUT_FILE", message: String(error), hint: "check its folder" }, null));
    }
  });
  return { done, stop: () => killGroup(child) };
}

function whatItMayUse(need: Need | null, gpus: readonly string[]): Record<string, string> {
  const own = need === null || need.gpus === 0 ? gpus : gpus.slice(0, need.gpus);
  return {
    ...(process.env["OMP_NUM_THREADS"] === undefined ? { OMP_NUM_THREADS: String(need?.cores ?? 1) } : {}),
    ...(own.length === 0 ? {} : { CUDA_VISIBLE_DEVICES: own.join(",") }),
  };
}

function commandOf(template: CommandTemplate, options: SubmitOptions, index: number): Command {
  const { args, bytes, start, step, first, offsets } = options;
  if (args === "index" || bytes === null) return expand(template, [String(start + index * step)]);
  const own = bytes.subarray(offsets?.[index - first], offsets?.[index - first + 1]);
  const strings = unpackStrings(own);
  if (options.prefixed !== true) return expand(template, strings);
  const command = expand(template, strings.slice(1));
  const { cwd, stdout, stderr, appendStdout, appendStderr, makeFolders, env } = unpackSettings(headOf(own));
  Object.assign(command.env, Object.fromEntries(env));
  if (cwd !== "") command.cwd = cwd;
  if (stdout !== "") Object.assign(command, { stdout, appendStdout });
  if (stderr !== "") Object.assign(command, { stderr, appendStderr });
  return { ...command, makeFolders };
}

function expand(template: CommandTemplate, strings: string[]): Command {
  const put = (pieces: (string | number)[] | null): string | null =>
    pieces === null ? null : fill(pieces, strings, false);
  const shell = template.shell !== null || template.shellFromArguments;
  const argv = shell
    ? ["/bin/sh", "-c", template.shell === null ? (strings[0] ?? "") : fill(template.shell, strings, true)]
    : template.words === null
      ? strings
      : template.words.map((word) => fill(word, strings, false));
  return {
    argv,
    shell,
    cwd: put(template.cwd),
    stdin: put(template.stdin),
    stdout: put(template.stdout),
    stderr: put(template.stderr),
    appendStdout: template.appendStdout,
    appendStderr: template.appendStderr,
    makeFolders: false,
    env: Object.fromEntries(template.env.map(([name, pieces]) => [name, fill(pieces, strings, false)])),
  };
}

function makeFolders({ cwd, stdout, stderr }: Command): Failure | null {
  let code = "ERR_CWD";
  try {
    if (cwd !== null) mkdirSync(cwd, { recursive: true });
    code = "ERR_OUTPUT_FILE";
    for (const file of [stdout, stderr]) {
      if (file !== null) mkdirSync(dirname(resolvePath(cwd ?? ".", file)), { recursive: true });
    }
    return null;
  } catch (error) {
    return { code, message: (error as Error).message, hint: "check the folder that it is to lie in" };
  }
}

function findProblem(command: Command): Failure | null {
  const unmade = command.makeFolders ? makeFolders(command) : null;
  if (unmade !== null) return unmade;
  if (command.cwd !== null && !statSync(command.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    const message = `the working directory ${command.cwd} does not exist`;
    return { code: "ERR_CWD", message, hint: "create it first, where every node sees it" };
  }
  const program = command.argv[0];
  if (program === undefined) {
    return { code: "ERR_COMMAND_TEMPLATE", message: "the command has no words", hint: "return at least one word" };
  }
  if (isExecutable(program, command)) return null;
  const message = `command not found: ${program}`;
  return { code: "ERR_COMMAND_NOT_FOUND", message, hint: "install it on every node, or give its full path" };
}

function isExecutable(program: string, command: Command): boolean {
  const path = command.env["PATH"] ?? process.env["PATH"] ?? "/usr/bin:/bin";
  const candidates = program.includes("/") ? [program] : path.split(delimiter).map((folder) => join(folder, program));
  return candidates.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

type Resolve = (outcome: Outcome) => void;

function launch(template: CommandTemplate, command: Command, walltimeMs: number, resolve: Resolve): ChildProcess {
  const opened: number[] = [];
  const open = (file: string | null, flags: string, otherwise: "ignore" | "pipe"): number | "ignore" | "pipe" => {
    if (file === null) return otherwise;
    const number = openSync(resolvePath(command.cwd ?? ".", file), flags);
    opened.push(number);
    return number;
  };
  const stdio = [
    open(command.stdin, "r", "ignore"),
    open(command.stdout, command.appendStdout ? "a" : "w", "pipe"),
    open(command.stderr, command.appendStderr ? "a" : "w", "pipe"),
  ];
  const [program, ...args] = command.argv as [string, ...string[]];
  const env = { ...process.env, ...command.env };
  const child = spawn(program, args, {
    stdio,
    env,
    detached: true,
    ...(command.cwd === null ? {} : { cwd: command.cwd }),
  });
  for (const number of opened) closeSync(number);
  const out = new Capture(template.captureBytes, child.stdout);
  const err = new Capture(template.captureBytes, child.stderr);
  let late = false;
  const timer = walltimeMs === 0 ? undefined : setTimeout(() => ((late = true), killGroup(child)), walltimeMs);
  child.on("error", (error) => {
    clearTimeout(timer);
    resolve(failure(command, { code: "ERR_COMMAND_NOT_FOUND", message: error.message, hint: null }, null));
  });
  child.on("close", (exitCode, signal) => {
    clearTimeout(timer);
    const end = { exitCode, signal, stdout: out.text(), stdoutBytes: out.bytes, stderr: err.text() };
    resolve(outcome(template, command, end, late ? walltimeMs : null));
  });
  return child;
}

interface End {
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stdoutBytes: number;
  stderr: string;
}

function outcome(template: CommandTemplate, command: Command, end: End, lateMs: number | null): Outcome {
  const shown = shortCommand(command);
  if (lateMs !== null) {
    const message = `${shown} ran longer than its walltime of ${lateMs / 1000} s`;
    return failure(command, { code: "ERR_WALLTIME", message, hint: "raise `walltime`" }, end);
  }
  if (end.signal !== null) {
    const message = `${shown} was ended by ${end.signal} (${os.signals[end.signal as NodeJS.Signals]})`;
    return failure(command, { code: "ERR_COMMAND_SIGNALED", message, hint: null }, end);
  }
  const exitCode = end.exitCode ?? 0;
  if (template.okExitCodes !== null && !template.okExitCodes.includes(exitCode)) {
    const message = `${shown} ended with exit code ${exitCode}`;
    return failure(command, { code: "ERR_COMMAND_FAILED", message, hint: "see stderr" }, end);
  }
  if (template.returnsStdout === true) return textOf(template, command, end);
  const { stdout, stderr } = command;
  return { failed: false, payload: encode({ exitCode, stdout: stdout ?? end.stdout, stderr: stderr ?? end.stderr }) };
}

/** What it wrote to standard output, without the last newline. */
function textOf({ captureBytes }: CommandTemplate, command: Command, end: End): Outcome {
  const written =
    command.stdout === null ? null : contentOf(resolvePath(command.cwd ?? ".", command.stdout), captureBytes);
  const bytes = written?.bytes ?? end.stdoutBytes;
  const text = written?.text ?? end.stdout;
  if (bytes <= captureBytes) return { failed: false, payload: encode(text.replace(/\r?\n$/, "")) };
  const message = `${shortCommand(command)} wrote ${bytes} bytes to standard output, and captureBytes is ${captureBytes}`;
  const hint = "raise `captureBytes`, or let the command write a file, and return the name of that";
  return failure(command, { code: "ERR_COMMAND_OUTPUT", message, hint }, end);
}

/** Of a file that the command wrote to; of what is no regular file nothing: one could wait for it. */
function contentOf(path: string, bytesMax: number): { text: string; bytes: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return { text: "", bytes: 0 };
  return { text: found.size > bytesMax ? "" : readFileSync(path, "utf8"), bytes: found.size };
}

function failure(command: Command, what: Failure, end: End | null): Outcome {
  const payload = {
    name: "CommandError",
    ...what,
    stack: null,
    cause: null,
    data: {
      exitCode: end?.exitCode ?? null,
      signal: end?.signal ?? null,
      stderr: end?.stderr ?? "",
      command: shortCommand(command),
      rank: 0,
    },
  };
  return { failed: true, payload: encode(payload) };
}

function shortCommand(command: Command): string {
  const text = command.shell ? (command.argv[2] ?? "") : command.argv.join(" ");
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

// The child leads its own group, so what it started ends with it.
function killGroup(child: ChildProcess | null): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
