/**
 * Starts real programs, and sees to it that nothing of them stays behind.
 *
 * Everything a program starts inherits a mark in its environment, so what is left of it can be found in /proc whatever
 * process group it fled to. Only processes with a mark of this test are ever ended.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect } from "vitest";

export const repository: string = fileURLToPath(new URL("../../", import.meta.url));
export const cli: string = `${repository}dist/cli/main.js`;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  cwd?: string;
  /** Added to the environment; `null` removes a variable. */
  env?: Record<string, string | null>;
  /** Default: nothing to read. */
  stdin?: "pipe";
  /** The program is ended, and the test fails, when it takes longer, ms. */
  timeoutMs?: number;
}

export interface Process {
  pid: number;
  command: string;
}

// Should the tests themselves be killed, what they started ends too.
const endsWithTest = ["--pdeathsig", "KILL"];
const timeoutUsual = 110_000;
const goneWithin = 15_000;
const outputMax = 4 << 20; // More is counted as a fault of the program.
const markName = "HEDDLE_TEST_MARK";
const marks = new Set<string>();

/** A program on its way. */
export class Running {
  readonly ended: Promise<Ended>;
  readonly child: ChildProcess;
  readonly mark: string = `${markName}=${randomUUID()}`;
  readonly #watchers = new Set<() => void>();
  stdout = "";
  stderr = "";
  #over = false;

  constructor(command: readonly string[], options: StartOptions) {
    marks.add(this.mark);
    const env = {
      ...process.env,
      HEDDLE_RUN_DIR: "none", // Tests leave nothing behind; those of run directories say otherwise.
      [markName]: this.mark.slice(markName.length + 1),
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
    };
    for (const [name, value] of Object.entries(options.env ?? {})) Object.assign(env, { [name]: value ?? undefined });
    this.child = spawn("/usr/bin/setpriv", [...endsWithTest, ...command], {
      cwd: options.cwd ?? repository,
      env,
      detached: true,
      stdio: [options.stdin ?? "ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => this.#add("stdout", chunk));
    this.child.stderr?.on("data", (chunk: Buffer) => this.#add("stderr", chunk));
    this.ended = this.#end(command.join(" "), options.timeoutMs ?? timeoutUsual);
    this.ended.catch(() => {}); // Whoever awaits it hears of it.
  }

  /** Resolves when the output so far matches; rejects if the program ends without that. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.#over) throw new Error(`ended without ${pattern}:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Sends a signal to the process that was started, and to no other. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async #end(command: string, timeoutMs: number): Promise<Ended> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      for (const { pid } of processesWith(this.mark)) end(pid);
    }, timeoutMs);
    try {
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        this.child.once("close", (...how) => resolve(how));
        this.child.once("error", reject);
      });
      const { stdout, stderr } = this;
      if (late) throw new Error(`\`${command}\` did not end within ${timeoutMs / 1000} s:\n${stdout}\n${stderr}`);
      return { code, signal, stdout, stderr };
    } finally {
      clearTimeout(timer);
      this.#over = true;
      this.#wake();
    }
  }

  #add(stream: "stdout" | "stderr", chunk: Buffer): void {
    if (this[stream].length < outputMax) this[stream] += chunk.toString();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
  }
}

/** Starts a command. After the test nothing of it may be left. */
export function start(command: readonly string[], options: StartOptions = {}): Running {
  return new Running(command, options);
}

/** Runs a command to its end. */
export function run(command: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(command, options).ended;
}

/** Processes that carry a mark, zombies left out: those wait for a parent, and run nothing. */
export function processesWith(mark: string): Process[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.flatMap((pid) => {
    try {
      if (pid === process.pid || !readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return command === "" ? [] : [{ pid, command }];
    } catch {
      return []; // It ended meanwhile, or is another user's.
    }
  });
}

/** Resolves with what is left once nothing is, or the time is over. */
async function leftovers(mark: string): Promise<Process[]> {
  const deadline = Date.now() + goneWithin;
  for (;;) {
    const left = processesWith(mark);
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

afterEach(async () => {
  const left: Process[] = [];
  for (const mark of marks) {
    const found = await leftovers(mark);
    for (const { pid } of found) end(pid);
    left.push(...found);
  }
  marks.clear();
  expect(left, "processes left behind").toEqual([]);
}, 60_000);
