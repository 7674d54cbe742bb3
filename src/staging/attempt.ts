/** One attempt to bring a file here: all its bytes, and the right ones. */

import { statfsSync, writeFileSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { discard, hashOfFile, readJson, sizeOf } from "./disk.ts";
import { type Moving, whileItMoves } from "./ending.ts";
import { fileError, fromSystem, shown } from "./errors.ts";
import type { FileRef } from "./file.ts";
import { look } from "./look.ts";
import type { StagingProvider } from "./provider.ts";

/** What is known of the content of a URL. */
export interface Known {
  url: string;
  sha256: string;
  size: number;
  version: string | null;
}

/** Of an unfinished part. */
interface Part {
  version: string | null;
}

/** Goes on where an earlier attempt ended, if that was of the same version. Gives nothing that is not whole. */
export async function attempt(
  ref: FileRef,
  provider: StagingProvider,
  path: string,
  { stallMs, signal }: Pick<Moving, "stallMs" | "signal">,
): Promise<Known> {
  const before = await readJson<Part>(`${path}.json`);
  await (await open(path, "a", 0o600)).close();
  const offset = before?.version == null ? 0 : await sizeOf(path);
  let announced: { version: string | null; size: number | null } = { version: null, size: null };
  const began = (version: string | null, from: number, size: number | null): void => {
    announced = { version, size };
    checkSpace(ref.url, path, (size ?? ref.size ?? 0) - from);
    writeFileSync(`${path}.json`, JSON.stringify({ version } satisfies Part), { mode: 0o600 });
  };
  try {
    await whileItMoves({ stallMs, signal, moved: growth(path, offset) }, (signal, alive) =>
      provider.download(new URL(ref.url), { path, offset, version: before?.version ?? null, began, alive, signal }),
    );
  } catch (error) {
    if ((await sizeOf(path)) === 0) await discard(path);
    throw fromSystem(error, ref.url, path);
  }
  const size = await sizeOf(path);
  return {
    url: shown(ref.url),
    ...(await verified(ref, path, { size, announced: announced.size, signal })),
    version: announced.version,
  };
}

/** Has it another size than at the last look? */
function growth(path: string, before: number): () => Promise<boolean> {
  let last = before;
  return async () => {
    const size = await sizeOf(path);
    const grew = size !== last;
    last = size;
    return grew;
  };
}

/** Throws ERR_FILE_TRUNCATED or ERR_FILE_CHECKSUM; the next attempt then begins anew, since what is wrong may be in what was there. */
async function verified(
  ref: FileRef,
  path: string,
  { size, announced, signal }: { size: number; announced: number | null; signal: AbortSignal },
): Promise<{ size: number; sha256: string }> {
  try {
    checkSize(ref.url, size, announced ?? ref.size);
    checkSize(ref.url, size, ref.size);
    const sha256 = await hashOfFile(path, { signal });
    checkHash(ref, sha256);
    return { size, sha256 };
  } catch (error) {
    if (!signal.aborted && (announced === null || size >= announced)) await discard(path);
    throw error;
  }
}

function checkSize(url: string, size: number, wanted: number | null): void {
  if (wanted === null || size === wanted) return;
  const hint = "the server ends transfers early, or another program still writes it, or that is not its size";
  throw fileError("ERR_FILE_TRUNCATED", url, `has ${size} bytes here, not ${wanted}`, hint);
}

function checkHash(ref: FileRef, sha256: string): void {
  if (ref.sha256 === null || ref.sha256 === sha256) return;
  const hint = "correct the checksum if the file was changed on purpose";
  throw fileError("ERR_FILE_CHECKSUM", ref.url, `has the SHA-256 ${sha256}, not ${ref.sha256}`, hint);
}

function checkSpace(url: string, path: string, needed: number): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize >= needed) return;
  const what = `needs ${needed} bytes more, and ${dirname(path)} has ${bavail * bsize}`;
  throw fileError("ERR_FILE_SPACE", url, what, "make room there, or name another folder: staging: { cache }");
}

/** Of a local file, what is asked for is checked, and nothing is copied. */
export async function checkLocal(ref: FileRef): Promise<string> {
  const path = fileURLToPath(ref.url);
  try {
    const { size } = await stat(path);
    checkSize(ref.url, size, ref.size);
    if (ref.sha256 !== null) checkHash(ref, (await look(path, true)).sha256 as string);
    return path;
  } catch (error) {
    throw fromSystem(error, ref.url, path);
  }
}
