/**
 * The peers that are commands: GNU parallel, xargs and make. Each is started anew for a round, and its start is part of it, as it is for
 * its users. They print every command that they run; counted is what they printed.
 */

import type { Kind } from "./serve.ts";
import { runCommand, type Session } from "./session.ts";

export interface CommandPeer {
  /** What `--version` says, with the version in parentheses. */
  version: RegExp;
  argv(program: string, workers: number, command: string): string[];
  /** What it reads, for one run of the command with each of these arguments. */
  input(command: string, values: readonly string[]): string;
  environment?: Record<string, string>;
}

const lines = (_: string, values: readonly string[]): string => values.map((one) => `${one}\n`).join("");

export const commandPeers: Record<"parallel" | "xargs" | "make", CommandPeer> = {
  parallel: {
    version: /^GNU parallel (\S+)/,
    argv: (program, workers, command) => [program, "--will-cite", "-t", "-j", String(workers), command],
    input: lines,
    environment: { PARALLEL_HOME: "." },
  },
  xargs: {
    version: /^xargs \(GNU findutils\) (\S+)/,
    argv: (program, workers, command) => [program, "-t", "-P", String(workers), "-n", "1", command],
    input: lines,
  },
  make: {
    version: /^GNU Make (\S+)/,
    argv: (program, workers) => [program, "-r", "-j", String(workers), "-f", "-"],
    input: makefile,
    environment: { MAKEFLAGS: "", MAKELEVEL: "0" },
  },
};

function makefile(command: string, values: readonly string[]): string {
  const targets = values.map((_, k) => `t${k}`).join(" ");
  return `all: ${targets}\n.PHONY: all ${targets}\n${values.map((value, k) => `t${k}:\n\t${command} ${value}\n`).join("")}`;
}

/** A peer that is started for each round. */
export function commandSession(
  peer: CommandPeer,
  version: string,
  program: string,
  workers: number,
  folder: string,
): Session {
  const run = async (kind: Kind, numbers: readonly number[]): Promise<number[]> => {
    const [command, values] = taskOf(kind, numbers);
    const argv = peer.argv(program, workers, command);
    const environment = peer.environment ?? {};
    const { seconds, printed } = await runCommand({ argv, environment, folder }, peer.input(command, values));
    checkPrinted(printed, command, values);
    return [seconds];
  };
  return { version, kinds: ["shell", "skewed"], run, close: async () => {} };
}

/** The command of a kind of work, and its argument in each task. */
function taskOf(kind: Kind, numbers: readonly number[]): [command: string, values: string[]] {
  if (kind === "skewed") return ["sleep", numbers.map((ms) => (ms / 1e3).toFixed(4))];
  return ["/bin/true", Array.from({ length: numbers[0]! }, (_, k) => String(k))];
}

/** Throws unless the commands that were printed are those that were asked for, each as often. */
export function checkPrinted(printed: string, command: string, values: readonly string[]): void {
  const ran = printed
    .split("\n")
    .filter((line) => line.startsWith(`${command} `))
    .map((line) => line.slice(command.length).trim());
  if (ran.length !== values.length) throw new Error(`${ran.length} commands were run for ${values.length} tasks`);
  const wanted = [...values].sort();
  for (const [k, value] of ran.sort().entries())
    if (value !== wanted[k]) throw new Error(`${command} was run with ${value}, not ${wanted[k]}`);
}
