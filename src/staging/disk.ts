/** What staging keeps on disk: hashes, sizes, small records, locks. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Of a text, short enough for a file name. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}

/** SHA-256 of a file's content, or of its bytes from the first to the last (both included); hexadecimal. */
export async function hashOfFile(
  path: string,
  { first = 0, last = Number.POSITIVE_INFINITY, signal }: { first?: number; last?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const hash = createHash("sha256");
  const file = { start: first, end: last, highWaterMark: 1 << 20 };
  if (last >= first) await pipeline(createReadStream(path, file), hash, signal === undefined ? {} : { signal });
  return hash.digest("hex");
}

/** 0: it is not there. */
export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? 0;
}

/** Null: it is not there, or was never written to its end. */
export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return null;
  }
}

/** A part, and what is known of it. */
export async function discard(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

const STALE_MS = 15_000; // A holder that died is noticed after so long.

/** Waits until nobody else on this machine (or file system) has it. Returns what gives it back. */
export async function lockOf(path: string, signal: AbortSignal | null = null): Promise<() => Promise<void>> {
  // Of a package in CommonJS: in a program that was made into one file it has no other name.
  const { lock } = (await import("proper-lockfile")).default;
  for (let pause = 20; ; pause = Math.min(500, 1.5 * pause)) {
    try {
      signal?.throwIfAborted();
      return await lock(path, { realpath: false, stale: STALE_MS, onCompromised: () => {} });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
    }
    await sleep(pause, undefined, signal === null ? {} : { signal });
  }
}

/** The bytes of a file, from the first to the last (both included); `alive` is told of each part that is taken. */
export async function* partsOf(
  path: string,
  alive: () => void,
  first = 0,
  last: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  alive();
  for await (const part of createReadStream(path, { start: first, end: last })) {
    yield part;
    alive();
  }
}
