/** A real Slurm of two hosts for the tests of one file: test/cluster/slurm.sh. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll } from "vitest";
import { repository } from "./run.ts";

const script = `${repository}test/cluster/slurm.sh`;

/** Starts it before the tests of this file, and ends it after them. */
export function useSlurm(): void {
  let server: ChildProcess;

  beforeAll(async () => {
    // It runs until its standard input ends: also when the tests are killed.
    server = spawn("bash", [script, "serve"], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    const ready = once(server.stdout as NodeJS.ReadableStream, "data");
    const ended = once(server, "close").then(([code]) => {
      throw new Error(`slurm.sh serve ended with code ${code}:\n${said}`);
    });
    await Promise.race([ready, ended]);
    ended.catch(() => {}); // From here on that is what afterAll waits for.
  }, 60_000);

  afterAll(async () => {
    if (server.exitCode !== null) return;
    server.stdin?.end();
    await once(server, "exit");
  }, 60_000);
}

/** A command as typed where users log in. */
export function onSlurm(...command: string[]): string[] {
  return ["bash", script, "on", ...command];
}

/** A command inside an allocation of both hosts, with room for four ranks. */
export function inAllocation(...command: string[]): string[] {
  return onSlurm("salloc", "--quiet", "-N", "2", "-n", "4", ...command);
}
