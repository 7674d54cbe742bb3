/**
 * Removes the folders of old runs. Only those that have certainly ended: a summary stands in the folder, or the process that wrote it is gone from this
 * host; and no process of this host that still lives may have made it. Of a run on another host that left no summary nobody here knows.
 */

import { existsSync, lstatSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

const RUN = /^\d{3,9}$/;
const LEAVING = /^\.old-\d{3,9}$/;

/** Who wrote a run's folder, as its config.json says. */
interface Writer {
  hostname?: unknown;
  pid?: unknown;
}

/**
 * Removes what there is beyond the newest `keep` runs in `parent`, an absolute path. What cannot be removed stays.
 *
 * @param self - The process that asks: it lives, but knows of its own earlier runs that they have ended, where they have a summary.
 * @returns The names of those that it removes, when they are gone.
 */
export async function removeOldRuns(
  parent: string,
  keep: number,
  self: { hostname: string; pid: number },
): Promise<string[]> {
  const names = readdirSync(parent);
  const runs = names.filter((name) => RUN.test(name)).sort((a, b) => Number(b) - Number(a));
  const old = runs.slice(keep).filter((name) => hasEnded(join(parent, name), self));
  // Renamed first: a folder that is half gone would not say any more that its run has ended.
  const leaving = old.flatMap((name) => renamed(parent, name));
  const left = names.filter((name) => LEAVING.test(name));
  for (const name of [...left, ...leaving])
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  return old;
}

function renamed(parent: string, name: string): string[] {
  try {
    renameSync(join(parent, name), join(parent, `.old-${name}`));
    return [`.old-${name}`];
  } catch {
    return []; // Another program was faster, or it is not ours to remove.
  }
}

function hasEnded(folder: string, self: { hostname: string; pid: number }): boolean {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
  const summed = existsSync(join(folder, "summary.json"));
  const { hostname, pid } = writerOf(folder);
  if (hostname !== self.hostname) return summed;
  if (pid === self.pid) return summed;
  return typeof pid === "number" && !isAlive(pid);
}

function writerOf(folder: string): Writer {
  try {
    return JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Writer;
  } catch {
    return {}; // It has only begun, or is something else.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"; // Another user's.
  }
}
