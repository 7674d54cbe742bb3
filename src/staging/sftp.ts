/** sftp: files. As curl has it, a path is absolute, and `/~/` at its beginning is the home folder of the login. */

import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SFTPWrapper, Stats } from "ssh2";
import { HeddleError } from "../errors.ts";
import { partsOf } from "./disk.ts";
import { Stalled, untilAborted } from "./ending.ts";
import { fileError } from "./errors.ts";
import type { Download, StagingProvider } from "./provider.ts";
import { type Connection, connectTo } from "./ssh.ts";

const CHUNK = 32_768; // Bytes of a request; servers must grant as many.
const AHEAD = 64; // Requests that are under way: what the line holds, not how long it is, sets the pace.

// Codes of the protocol.
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;
const FAILURE = 4;
const UNSUPPORTED = 8;

interface Shared {
  opening: Promise<Connection>;
  users: number;
}

/** By server and login: one connection serves all that is moved at a time. */
const connections = new Map<string, Shared>();

async function connected<T>(
  url: URL,
  signal: AbortSignal,
  work: (sftp: SFTPWrapper, path: string) => Promise<T>,
): Promise<T> {
  const key = `${url.username}:${url.password}@${url.host}`;
  const shared = connections.get(key) ?? begun(key, url);
  shared.users++;
  try {
    const { sftp, socket } = await untilAborted(signal, shared.opening);
    socket.ref();
    // A request cannot be taken back.
    return await untilAborted(signal, work(sftp, pathOf(url)));
  } catch (error) {
    if (signal.reason instanceof Stalled) drop(key, shared);
    throw told(error, url);
  } finally {
    shared.users--;
    if (shared.users === 0)
      void shared.opening.then(({ socket }) => shared.users === 0 && socket.unref()).catch(() => {});
  }
}

/** It may be dead: the next attempt has another. What else it does is taken up again, too. */
function drop(key: string, shared: Shared): void {
  if (connections.get(key) === shared) connections.delete(key);
  shared.opening.then(({ socket }) => socket.destroy()).catch(() => {});
}

function begun(key: string, url: URL): Shared {
  const forget = (): void => {
    if (connections.get(key) === shared) connections.delete(key);
  };
  const shared: Shared = { opening: connectTo(url, forget), users: 0 };
  connections.set(key, shared);
  shared.opening.catch(forget);
  return shared;
}

function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  if (path === "" || path.endsWith("/"))
    throw fileError("ERR_FILE", url, "names no file", "give sftp://host/path/of/file");
  return path.startsWith("/~/") ? path.slice(3) : path;
}

/** What an answer of the server says; other errors as they are. */
function told(error: unknown, url: URL): unknown {
  if (error instanceof HeddleError) return error;
  const { code, message } = error as { code?: unknown; message: string };
  if (code === NO_SUCH_FILE)
    return fileError("ERR_FILE_NOT_FOUND", url, `is not there: ${message}`, "check the path", error);
  if (code === PERMISSION_DENIED) {
    const hint = "check the permissions of the file and its folders on the server";
    return fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${message}`, hint, error);
  }
  if (code === FAILURE || code === UNSUPPORTED)
    return fileError("ERR_FILE_REFUSED", url, `is refused: ${message}`, "look at the server's log", error);
  return error;
}

/** One call of the library as a promise. */
function ask<T>(call: (done: (error: Error | undefined | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
}

async function statusOf(sftp: SFTPWrapper, path: string, url: URL): Promise<{ size: number; version: string }> {
  const found = await ask<Stats>((done) => sftp.stat(path, done));
  if (found.isDirectory()) throw fileError("ERR_FILE_REFUSED", url, "is a folder", "name a file");
  return { size: found.size, version: `${found.size}-${found.mtime}` };
}

/** The bytes from `from` to `size`, in order. */
async function* blocks(sftp: SFTPWrapper, handle: Buffer, from: number, size: number): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  for (let next = from; next < size || ahead.length > 0; ) {
    for (; ahead.length < AHEAD && next < size; next += CHUNK) {
      const block = read(sftp, handle, next, Math.min(CHUNK, size - next));
      block.catch(() => {}); // Told when its turn comes.
      ahead.push(block);
    }
    yield await (ahead.shift() as Promise<Buffer>);
  }
}

/** A server may give less than was asked for. */
async function read(sftp: SFTPWrapper, handle: Buffer, position: number, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  for (let got = 0; got < length; ) {
    const more = await ask<number>((done) => sftp.read(handle, block, got, length - got, position + got, done));
    if (more === 0) throw new Error(`the file ended at byte ${position + got}`);
    got += more;
  }
  return block;
}

async function download(source: URL, { path, offset, version, began, signal }: Download): Promise<void> {
  await connected(source, signal, async (sftp, there) => {
    const now = await statusOf(sftp, there, source);
    const from = now.version === version ? Math.min(offset, now.size) : 0;
    began(now.version, from, now.size);
    const handle = await ask<Buffer>((done) => sftp.open(there, "r", done));
    try {
      const file = createWriteStream(path, from > 0 ? { flags: "r+", start: from } : { flags: "w" });
      await pipeline(Readable.from(blocks(sftp, handle, from, now.size)), file, { signal });
    } finally {
      sftp.close(handle, () => {});
    }
  });
}

async function upload(path: string, target: URL, signal: AbortSignal, alive: () => void): Promise<void> {
  alive();
  await connected(target, signal, async (sftp, there) => {
    const { size } = await stat(path);
    await makeFolders(sftp, posix.dirname(there));
    const unfinished = `${there}.${process.pid}.part`;
    try {
      await write(sftp, unfinished, partsOf(path, alive), signal);
      await replace(sftp, unfinished, there);
    } catch (error) {
      const full = (error as { code?: unknown }).code === FAILURE && (await isFull(sftp, posix.dirname(there), size));
      sftp.unlink(unfinished, () => {});
      if (!full) throw error;
      throw fileError(
        "ERR_FILE_SPACE",
        target,
        `does not fit: no room for its ${size} bytes`,
        "make room on the server",
        error,
      );
    }
  });
}

/** Many requests are under way at a time, as in `blocks`. */
async function write(
  sftp: SFTPWrapper,
  path: string,
  parts: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const handle = await ask<Buffer>((done) => sftp.open(path, "w", done));
  const ahead: Promise<void>[] = [];
  try {
    let position = 0;
    for await (const part of parts) {
      for (let from = 0; from < part.length; from += CHUNK) {
        if (ahead.length >= AHEAD) await ahead.shift();
        signal.throwIfAborted();
        const length = Math.min(CHUNK, part.length - from);
        const written = ask<void>((done) =>
          sftp.write(handle, part, from, length, position, (error) => done(error, undefined)),
        );
        written.catch(() => {}); // Told when its turn comes.
        ahead.push(written);
        position += length;
      }
    }
    await Promise.all(ahead);
  } catch (error) {
    sftp.close(handle, () => {});
    throw error;
  }
  await ask<void>((done) => sftp.close(handle, (error) => done(error, undefined)));
}

async function makeFolders(sftp: SFTPWrapper, folder: string): Promise<void> {
  if (folder === "." || folder === "/") return;
  const there = await ask<Stats>((done) => sftp.stat(folder, done)).catch((error) => {
    if (error.code !== NO_SUCH_FILE) throw error;
    return null;
  });
  if (there !== null) return;
  await makeFolders(sftp, posix.dirname(folder));
  await ask<void>((done) => sftp.mkdir(folder, (error) => done(error, undefined))).catch(async (error) => {
    if (error.code !== FAILURE) throw error; // It is there already: another task made it.
  });
}

/** In one step where the server can. */
async function replace(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  try {
    await ask<void>((done) => sftp.ext_openssh_rename(from, to, (error) => done(error, undefined)));
  } catch {
    await ask<void>((done) => sftp.unlink(to, () => done(null, undefined)));
    await ask<void>((done) => sftp.rename(from, to, (error) => done(error, undefined)));
  }
}

/** The protocol has no word for it. */
async function isFull(sftp: SFTPWrapper, folder: string, size: number): Promise<boolean> {
  try {
    type Room = { f_bavail: number; f_frsize: number };
    const room = await ask<Room>((done) => sftp.ext_openssh_statvfs(folder, done as never));
    return room.f_bavail * room.f_frsize < size;
  } catch {
    return false;
  }
}

export const sftpProvider: StagingProvider = {
  name: "SFTP",
  schemes: ["sftp"],
  download,
  upload,
  version: (source, signal) =>
    connected(source, signal, async (sftp, path) => (await statusOf(sftp, path, source)).version),

  async close(): Promise<void> {
    const open = [...connections.values()];
    connections.clear();
    await Promise.all(open.map(({ opening }) => opening.then((one) => one.end()).catch(() => {})));
  },
};
