/** Room in the folder of copies: those that were used longest ago go first, and none that a program which runs now may use. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

/** One content, under all its names. */
interface Copy {
  folder: string;
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
  const before = bytes;
  const since = oldestUser(cache);
  copies.sort((a, b) => a.usedMs - b.usedMs);
  for (const { folder, bytes: own, usedMs } of copies) {
    if (bytes <= bytesMax || usedMs >= since) break;
    await rm(folder, { recursive: true, force: true });
    bytes -= own;
  }
  return before - bytes;
}

/** All that is kept. */
export async function copiesIn(cache: string): Promise<Copy[]> {
  const blobs = join(cache, "blobs");
  const copies: Copy[] = [];
  for (const shard of await list(blobs)) {
    for (const sha256 of await list(join(blobs, shard))) {
      const folder = join(blobs, shard, sha256);
      const [name] = await list(folder);
      const found = name === undefined ? null : await stat(join(folder, name)).catch(() => null);
      const own = await stat(folder).catch(() => null);
      if (own !== null) copies.push({ folder, bytes: found?.size ?? 0, usedMs: own.mtimeMs });
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
  for (const pid of readdirSync(users)) {
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
