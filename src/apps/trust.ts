/**
 * Whether a configuration file that was found, not named, may be run: whoever can write it could run anything as this user.
 *
 * So it must belong to this user, to root, or to whoever owns the folder of the program, which is run in any case; and nobody else may be able to
 * write or replace it. Groups may write: on clusters they are people who work together.
 */

import { lstatSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { HeddleError } from "../errors.ts";

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000; // As of /tmp: only owners remove or rename what lies there.

/** The owner of the program's folder; null: it is not known, or there is no program. */
export function ownerOf(folder: string): number | null {
  return statSync(folder, { throwIfNoEntry: false })?.uid ?? null;
}

/** Throws ERR_CONFIG where the file at `path` is not to be run. `owner` is trusted besides this user and root. */
export function requireTrusted(path: string, owner: number | null): void {
  const own = process.getuid?.();
  if (own === undefined) return; // Windows.
  const why = distrust({ link: lstatSync(path), file: statSync(path), folder: statSync(dirname(path)) }, [
    own,
    0,
    ...(owner === null ? [] : [owner]),
  ]);
  if (why === null) return;
  const hint = `if you trust it, name it: HEDDLE_CONFIG=${path}, or heddle run --config ${path}; HEDDLE_CONFIG=none goes without`;
  throw new HeddleError("ERR_CONFIG", `The configuration file ${path} was found, and is not used: ${why}.`, hint);
}

type Entry = Pick<Stats, "uid" | "mode">;

/** Null: nothing speaks against it. Pure. */
export function distrust(
  { link, file, folder }: { link: Entry; file: Entry; folder: Entry },
  trusted: readonly number[],
): string | null {
  const stranger = [link, file].find(({ uid }) => !trusted.includes(uid));
  if (stranger !== undefined) return `it belongs to another user (uid ${stranger.uid}; you are ${trusted[0]})`;
  if ((file.mode & OTHERS_WRITE) !== 0) return "every user may write it (chmod o-w)";
  if ((folder.mode & OTHERS_WRITE) !== 0 && (folder.mode & STICKY) === 0) {
    return "every user may replace it, because every user may write its folder (chmod o-w)";
  }
  return null;
}
