/** A file that says which process writes a store: one at a time. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { HeddleError } from "../errors.ts";
import { cannotOpen } from "./broken.ts";

interface Holder {
  host: string;
  pid: number;
  /** Tells a process from a later one with the same number. */
  started: string;
}

/**
 * Takes the lock, and makes the folder; what a dead process of this host left behind is taken over.
 *
 * @returns Gives it back.
 * @throws {@link HeddleError} `ERR_CHECKPOINT_BUSY`, or `ERR_CHECKPOINT` where the folder cannot be written to.
 */
export function lock(store: string): () => void {
  const path = `${store}.owner`;
  const own = JSON.stringify({ host: hostname(), pid: process.pid, started: startOf(process.pid) } satisfies Holder);
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw cannotOpen(store, error);
  }
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(path, own, { flag: "wx", mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        rmSync(path, { force: true }); // It was made, and could not be written.
        throw cannotOpen(store, error);
      }
    }
    const holder = holderOf(path);
    if (holder !== null && (tries > 0 || isAlive(holder))) throw busy(store, path, holder);
    rmSync(path, { force: true });
  }
}

/** Does a process write the store now? Of one on another host nothing is known: then it does. */
export function isHeld(store: string): boolean {
  const holder = holderOf(`${store}.owner`);
  return holder !== null && isAlive(holder);
}

function holderOf(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return null; // Gone meanwhile, or never written to its end.
  }
}

/** Of another host nothing is known. */
function isAlive({ host, pid, started }: Holder): boolean {
  return host !== hostname() || startOf(pid) === started;
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""; // Behind the name, which may hold anything.
  } catch {
    return "";
  }
}

function busy(store: string, path: string, { host, pid }: Holder): HeddleError {
  return new HeddleError(
    "ERR_CHECKPOINT_BUSY",
    `The checkpoint ${store} is being written by process ${pid} on host ${host}.`,
    `wait for it, or give this run another one: checkpoint: { path }; if that process is gone, remove ${path}`,
    { data: { store, host, pid } },
  );
}
