/** What tells a file's content from another's. No content is read twice by this process while the file stays as it is. */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { hashOfFile } from "./disk.ts";
import { fileError } from "./errors.ts";
import { Turns } from "./turns.ts";

/** What is known of a file at some moment. */
export interface Look {
  /** Size and time of the last change; of a file elsewhere, what its server tells of its version; "": nothing. */
  readonly stamp: string;
  /** Of its content; null: nobody asked. */
  readonly sha256: string | null;
}

const DIGESTS_MAX = 100_000;
const RECENT_MS = 20; // A file that was changed so recently may change again without another time.

/** More readers of one disk at a time are no faster, and each has a buffer and a descriptor. */
const turns = new Turns(8);

const digests = new Map<string, { inode: string; sha256: Promise<string> }>();

/** Throws ERR_FILE_NOT_FOUND, or what the system says. */
export async function look(path: string, content: boolean): Promise<Look> {
  const found = await stat(path, { bigint: true }).catch((cause) => {
    throw fileError("ERR_FILE_NOT_FOUND", path, "is not there any more", "see what removes it", cause);
  });
  const stamp = `${found.size}:${found.mtimeNs}`;
  if (!content) return { stamp, sha256: null };
  const inode = `${found.dev}:${found.ino}:${stamp}:${found.ctimeNs}`;
  const known = digests.get(path);
  if (known?.inode === inode) return { stamp, sha256: await known.sha256 };
  const sha256 = turns.inTurn(() => hashOfFile(path));
  if (Date.now() - Number(found.ctimeNs / 1_000_000n) > RECENT_MS) keep(path, inode, sha256);
  return { stamp, sha256: await sha256 };
}

function keep(path: string, inode: string, sha256: Promise<string>): void {
  if (digests.size >= DIGESTS_MAX) digests.clear();
  digests.set(path, { inode, sha256 });
  sha256.catch(() => digests.delete(path));
}

/** The SHA-256 of a copy in the folder of copies, which its path tells; null: it lies elsewhere. */
export function digestOfCopy(path: string, cache: string): string | null {
  const blobs = join(cache, "blobs", "/");
  if (!path.startsWith(blobs)) return null;
  return /^[0-9a-f]{2}\/([0-9a-f]{64})\//.exec(path.slice(blobs.length))?.[1] ?? null;
}
