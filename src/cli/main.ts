#!/usr/bin/env node
/** The `heddle` command. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HeddleError } from "../errors.ts";
import { packageRoot } from "../native/load.ts";
import { nearest } from "../serialize/nearest.ts";
import { buildMpiCommand } from "./build-mpi.ts";
import { config } from "./config.ts";
import { doctor } from "./doctor.ts";
import { commandHelp, mainHelp } from "./help.ts";
import { login, logout } from "./login.ts";
import { cacheCommand } from "./memos.ts";
import { splitAtProgram } from "./options.ts";
import { run, runOptions } from "./run.ts";

type Command = (args: readonly string[]) => Promise<void | (() => Promise<void>)>;

const commands: Record<string, Command> = {
  run,
  config,
  doctor,
  cache: cacheCommand,
  login,
  logout,
  "build-mpi": buildMpiCommand,
};
const exitUsage = 2;

/** What is returned runs outside of this command's own error handling: it is the user's program. */
async function main(args: readonly string[]): Promise<void | (() => Promise<void>)> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(name === "help" && rest[0] !== undefined ? helpOf(rest[0]) : mainHelp);
    if (name === undefined) process.exitCode = exitUsage;
    return;
  }
  if (name === "--version" || name === "-v") return console.log(version());
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw unknownCommand(name);
  if (asksForHelp(name, rest)) return void process.stdout.write(helpOf(name));
  return await command(rest);
}

// Behind the program, --help is the program's.
function asksForHelp(name: string, args: readonly string[]): boolean {
  const own = name === "run" ? splitAtProgram(args, runOptions)[0] : args;
  return own.some((word) => word === "--help" || word === "-h");
}

function helpOf(name: string): string {
  const help = Object.hasOwn(commandHelp, name) ? commandHelp[name] : undefined;
  if (help === undefined) throw unknownCommand(name);
  return help;
}

function unknownCommand(name: string): HeddleError {
  if (/\.[cm]?[jt]sx?$/.test(name)) {
    return new HeddleError("ERR_CONFIG", `"${name}" is no command.`, `to run a program: heddle run ${name}`);
  }
  const near = nearest(name, Object.keys(commands));
  const hint =
    near === null
      ? `one of ${Object.keys(commands).join(", ")}; see \`heddle --help\``
      : `did you mean \`heddle ${near}\`?`;
  return new HeddleError("ERR_CONFIG", name.startsWith("-") ? `No option ${name}.` : `"${name}" is no command.`, hint);
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string }).version;
}

function report(error: unknown): undefined {
  if (!(error instanceof HeddleError)) throw error;
  console.error(`heddle: ${error.code}: ${error.message}`);
  process.exitCode = error.code === "ERR_CONFIG" ? exitUsage : 1;
}

const program = await main(process.argv.slice(2)).catch(report);
await program?.();
