/** Room in the folder of copies: those that were used longest ago go first, and none that a program which runs now may use. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

/** One content, under all its names. */
export interface Copy {
  folder: string;
  sha256: string;
  names: string[];
  bytes: number;
  usedMs: number;
}

/** Of this process, in its cache: programs that run now keep what was used since they began. */
const registered = new Set<string>();

/** Tells others that this process uses the cache. */
export function registerUser(cache: string): void {
  if (registered.has(cache)) return;
  // Of a worker thread a later program sees that it is gone.
  if (registered.size === 0 && isMainThread) process.once("exit", () => [...registered].forEach(unregister));
  registered.add(cache);
  const users = join(cache, "users");
  const own = join(users, String(process.pid));
  mkdirSync(users, { recursive: true, mode: 0o700 });
  writeFileSync(own, JSON.stringify({ started: startOf(process.pid), sinceMs: Date.now() }), { mode: 0o600 });
}

function unregister(cache: string): void {
  rmSync(join(cache, "users", String(process.pid)), { force: true });
}

/** Removes copies until those that are left take at most `bytesMax`. Returns the bytes removed. */
export async function makeRoom(cache: string, bytesMax: number): Promise<number> {
  const copies = await copiesIn(cache);
  let bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
  copies.sort((a, b) => a.usedMs - b.usedMs);
  const go = copies.filter((copy) => {
    if (bytes <= bytesMax) return false;
    bytes -= copy.bytes;
    return true;
  });
  return (await removeCopies(cache, go)).reduce((sum, copy) => sum + copy.bytes, 0);
}

/** Removes those of the copies that no program which runs now may use; returns them. */
export async function removeCopies(cache: string, copies: readonly Copy[]): Promise<Copy[]> {
  const since = oldestUser(cache);
  const free = copies.filter(({ usedMs }) => usedMs < since);
  for (const { folder } of free) await rm(folder, { recursive: true, force: true });
  return free;
}

/** Removes what programs left behind: unfinished parts, outputs, what URLs held. False: one runs now, and nothing was removed. */
export async function removeLeftovers(cache: string): Promise<boolean> {
  if (oldestUser(cache) < Number.POSITIVE_INFINITY) return false;
  for (const name of ["parts", "outputs", "urls"]) await rm(join(cache, name), { recursive: true, force: true });
  return true;
}

/** All that is kept. */
export async function copiesIn(cache: string): Promise<Copy[]> {
  const blobs = join(cache, "blobs");
  const copies: Copy[] = [];
  for (const shard of await list(blobs)) {
    for (const sha256 of await list(join(blobs, shard))) {
      const folder = join(blobs, shard, sha256);
      const names = await list(folder);
      const found = await stat(join(folder, names[0] ?? "")).catch(() => null);
      const own = await stat(folder).catch(() => null);
      const bytes = names.length > 0 ? (found?.size ?? 0) : 0;
      if (own !== null) copies.push({ folder, sha256, names, bytes, usedMs: own.mtimeMs });
    }
  }
  return copies;
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

/** When the first of the programs began that use the cache now. */
function oldestUser(cache: string): number {
  const users = join(cache, "users");
  let oldest = Number.POSITIVE_INFINITY;
  for (const pid of existsSync(users) ? readdirSync(users) : []) {
    try {
      const { started, sinceMs } = JSON.parse(readFileSync(join(users, pid), "utf8")) as {
        started: string;
        sinceMs: number;
      };
      if (startOf(Number(pid)) === started) oldest = Math.min(oldest, sinceMs);
      else rmSync(join(users, pid), { force: true });
    } catch {
      // Gone meanwhile, or being written: it is new then.
    }
  }
  return oldest;
}

/** Tells a process from a later one with the same number; "": there is none. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? ""; // Behind the name, which may hold anything.
  } catch {
    return "";
  }
}
