/** A peer at work: a program that serves rounds by the protocol of serve.ts, or a command that is started for each round. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Kind } from "./serve.ts";

export interface Session {
  version: string;
  kinds: readonly Kind[];
  /** A round, of which the results were right: its seconds; of `latency` the microseconds of each task. Throws otherwise. */
  run(kind: Kind, numbers: readonly number[]): Promise<number[]>;
  close(): Promise<void>;
}

export interface Command {
  argv: readonly string[];
  environment?: Record<string, string>;
  /** Of this run: what the peer leaves behind is removed with it. */
  folder: string;
}

/** Seconds after which a round, a start or an end hangs. */
const SECONDS_MAX = 100;
const ENDING_SECONDS = 10;
const NOTES_LENGTH = 2_000;

/** Starts a program; returns once its workers are there. */
export async function openProgram(command: Command): Promise<Session> {
  const { child, notes, exited, closed } = begin(command);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    for (;;) {
      const next = await inTime(lines.next(), SECONDS_MAX);
      if (next === "late") throw new Error(`no answer within ${SECONDS_MAX} s`);
      if (next.done) {
        await inTime(closed, ENDING_SECONDS); // What it said of its end comes by another pipe.
        throw new Error(`it ended: ${lastLine(notes())}`);
      }
      if (/^(ready|=|!) /.test(next.value)) return next.value; // Else the peer talks to its user.
    }
  };
  try {
    const { version, kinds } = parseReady(await answer());
    const run = async (kind: Kind, numbers: readonly number[]): Promise<number[]> => {
      child.stdin!.write(`${kind} ${numbers.join(" ")}\n`);
      return parseAnswer(await answer());
    };
    return { version, kinds, run, close: () => end(child, exited) };
  } catch (error) {
    await end(child, exited);
    throw error;
  }
}

/** Runs a command with this input; returns its seconds, and what it printed, errors too. Throws unless it ends with 0. */
export async function runCommand(command: Command, input: string): Promise<{ seconds: number; printed: string }> {
  const began = performance.now();
  const { child, notes, exited, closed } = begin(command);
  const printed: string[] = [];
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  child.stdin!.end(input);
  const code = await inTime(closed, SECONDS_MAX);
  const seconds = (performance.now() - began) / 1e3;
  if (code === "late") await end(child, exited);
  if (code !== 0)
    throw new Error(code === "late" ? `no end within ${SECONDS_MAX} s` : `it ended with ${code}: ${lastLine(notes())}`);
  return { seconds, printed: printed.join("") };
}

/** `ready VERSION KIND...`. Throws for anything else. */
export function parseReady(line: string): Pick<Session, "version" | "kinds"> {
  const [word, version, ...kinds] = line.trim().split(" ");
  if (word === "ready" && version !== undefined && kinds.length > 0) return { version, kinds: kinds as Kind[] };
  throw new Error(line.startsWith("! ") ? line.slice(2) : `not ready: ${line}`);
}

/** `= NUMBER...`. Throws for anything else. */
export function parseAnswer(line: string): number[] {
  const [word, ...texts] = line.trim().split(" ");
  const numbers = texts.map(Number);
  if (word === "=" && numbers.length > 0 && numbers.every((one) => one > 0)) return numbers;
  throw new Error(line.startsWith("! ") ? line.slice(2) : `no answer: ${line}`);
}

interface Begun {
  child: ChildProcess;
  /** The end of what it wrote to standard error. */
  notes: () => string;
  exited: Promise<unknown>;
  /** Exited, and its pipes were read: the exit code, or the signal. */
  closed: Promise<number | string>;
}

// In a process group of its own, so that all of it can be ended.
function begin({ argv, environment, folder }: Command): Begun {
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let notes = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (notes = (notes + text).slice(-NOTES_LENGTH)));
  child.stdin!.on("error", () => {}); // It has ended: its exit says so.
  child.on("error", (error) => (notes += `\n${error.message}`));
  const exited = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", resolve);
  });
  const closed = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "no code"));
  });
  return { child, notes: () => notes, exited, closed };
}

/** A program ends with its input; what does not is ended, with all that it started. */
async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.pid === undefined) return;
  child.stdin!.end();
  await inTime(exited, ENDING_SECONDS);
  if (!signalGroup(child.pid, "SIGTERM")) return;
  await inTime(exited, ENDING_SECONDS);
  signalGroup(child.pid, "SIGKILL");
}

async function inTime<T>(promise: Promise<T>, seconds: number): Promise<T | "late"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, 1e3 * seconds, "late")));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // Nobody is left in it.
  }
}

/** The last line that tells of an error; else the last one. */
function lastLine(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /error/i.test(line)) ?? (lines.at(-1) || "it said nothing");
}
