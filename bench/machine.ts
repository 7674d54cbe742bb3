/** Where and with what a figure was measured. Goes into every JSON line, because a figure without it says nothing. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  memory_gb: number;
  /** Load average of the last minute, before the bench began: above 0.3 or so, distrust the figures. */
  load: number;
  kernel: string;
  node: string;
  /** Null when no MPI was used. */
  mpi: string | null;
  heddle: string;
  /** Commit, with "+" if the working tree differed from it; null outside a repository. */
  commit: string | null;
}

export function describeMachine(root: string, mpi: string | null): Machine {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { version: string };
  return {
    cpu: (cpus()[0]?.model ?? "unknown").trim(),
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
    load: Math.round(100 * loadavg()[0]!) / 100,
    kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(),
    node: process.version,
    mpi,
    heddle: manifest.version,
    commit: commit(root),
  };
}

function commit(root: string): string | null {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return git("rev-parse", "--short=12", "HEAD").trim() + (changed ? "+" : "");
  } catch {
    return null;
  }
}
