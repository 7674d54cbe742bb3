/** A folder of each run's own, numbered: `runinfo/000`, `runinfo/001`, … and `runinfo/latest`. */

import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { HeddleError } from "../errors.ts";

const DIGITS = 3; // More where there were a thousand runs.

/**
 * Makes the next folder in `parent`, and `parent` where it is missing. Of runs that begin at the same time each gets one of its own.
 *
 * @returns Its absolute path.
 * @throws HeddleError `ERR_CONFIG` where it cannot be made.
 */
export function makeRunDirectory(parent: string): string {
  const folder = resolve(parent);
  try {
    mkdirSync(folder, { recursive: true });
    for (let number = nextNumber(folder); ; number++) {
      const name = String(number).padStart(DIGITS, "0");
      if (!made(join(folder, name))) continue;
      pointLatest(folder, name);
      return join(folder, name);
    }
  } catch (cause) {
    const message = `The run directory in ${folder} cannot be made: ${(cause as Error).message}.`;
    const hint = "name a folder that can be written: runDir, or HEDDLE_RUN_DIR; none turns it off";
    throw new HeddleError("ERR_CONFIG", message, hint, { cause });
  }
}

function nextNumber(folder: string): number {
  const numbers = readdirSync(folder).filter((name) => /^\d{3,9}$/.test(name));
  return numbers.reduce((most, name) => Math.max(most, Number(name) + 1), 0);
}

/** False: another run was faster. */
function made(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Replaced in one step, so that there is one at any time. */
function pointLatest(folder: string, name: string): void {
  const link = join(folder, `.latest-${name}`);
  try {
    symlinkSync(name, link);
    renameSync(link, join(folder, "latest"));
  } catch {
    rmSync(link, { force: true }); // A file system without links, or a folder of that name: nothing depends on it.
  }
}
