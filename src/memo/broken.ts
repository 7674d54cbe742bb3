/** What is said where a checkpoint cannot be used. */

import { HeddleError } from "../errors.ts";
import { Damage } from "./damage.ts";

export function cannotOpen(path: string, cause: unknown): HeddleError {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  const isMissing = code === "ENOENT" && syscall === "open";
  const what = isMissing ? "there is no such file" : (cause as Error).message;
  return new HeddleError(
    "ERR_CHECKPOINT",
    `The checkpoint ${path} cannot be opened: ${what}.`,
    isMissing
      ? "name one that is there, or leave it out of `loadFrom`"
      : cause instanceof Damage
        ? afterDamage(path, cause)
        : "see that it and its folder can be read and written to",
    cause instanceof Damage ? { data: { path } } : { cause, data: { path } },
  );
}

function afterDamage(path: string, { foreign }: Damage): string {
  if (foreign)
    return "name another file: checkpoint: { path }, or --path; if it was a checkpoint, move it away, and all runs again";
  return `move it away, mv ${path} ${path}.damaged: without it everything runs again; a copy from before will do as well, but not one that was made while a program wrote it`;
}
