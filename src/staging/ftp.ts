/**
 * ftp: and ftps: files. As curl has it, a path is relative to the folder of the login (`ftp://host//data/x` is /data/x), and without a login there
 * is "anonymous". `ftps:` speaks TLS from the first byte on port 990, its default, and asks for it (AUTH TLS) on any other.
 */

import { createWriteStream } from "node:fs";
import { posix } from "node:path";
import { Readable } from "node:stream";
import type { Client, FTPError } from "basic-ftp";
import { partsOf } from "./disk.ts";
import { fileError } from "./errors.ts";
import { loginOf } from "./netrc.ts";
import type { Download, StagingProvider } from "./provider.ts";

const CREDENTIALS = "credentials are taken from the URL (ftp://user:password@host/), or from ~/.netrc";
const IMPLICIT_TLS = 990;
const MISSING = new Set([500, 501, 502, 504]); // The server does not know the command.
const SPACE = new Set([452, 552]);

/** Logged in and idle, by server and login. A connection does one thing at a time; while idle it lets the process end. */
const idle = new Map<string, Client[]>();

async function connected<T>(
  url: URL,
  signal: AbortSignal,
  work: (client: Client, path: string) => Promise<T>,
): Promise<T> {
  const path = pathOf(url);
  const key = `${url.protocol}${url.username}:${url.password}@${url.host}`;
  const kept = idle.get(key) ?? [];
  idle.set(key, kept);
  const client = lastOpen(kept) ?? (await created());
  const end = (): void => client.close();
  signal.addEventListener("abort", end);
  try {
    signal.throwIfAborted();
    if (client.closed) await enter(client, url);
    client.ftp.socket.ref();
    const result = await work(client, path);
    client.ftp.socket.unref();
    kept.push(client);
    return result;
  } catch (error) {
    client.close();
    throw told(error, url);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** The server may have closed some meanwhile. */
function lastOpen(kept: Client[]): Client | undefined {
  let client = kept.pop();
  while (client?.closed) client = kept.pop();
  return client;
}

async function created(): Promise<Client> {
  const { Client } = (await import("basic-ftp")).default;
  return new Client(0); // Who calls sees whether bytes come.
}

async function enter(client: Client, url: URL): Promise<void> {
  const secure = url.protocol === "ftps:";
  const port = url.port === "" ? (secure ? IMPLICIT_TLS : 21) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const login = loginOf(url) ?? { user: "anonymous", password: "anonymous@" };
  const how = secure && (port === IMPLICIT_TLS ? ("implicit" as const) : true);
  await client.access({ host, port, ...login, secure: how });
}

function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname).slice(1);
  // Such characters would end a command of the protocol, and begin another.
  if (path !== "" && !/[\0\r\n]/.test(path)) return path;
  throw fileError("ERR_FILE", url, "names no file", "give ftp://host/path/of/file");
}

/** What an answer of the server says; other errors as they are. */
function told(error: unknown, url: URL): unknown {
  const { name, code, message } = error as FTPError;
  if (name !== "FTPError") return error;
  const because = (what: string): string => `${what}: ${message}`;
  if (code === 530 || code === 532)
    return fileError("ERR_FILE_CREDENTIALS", url, because("is refused"), CREDENTIALS, error);
  if (SPACE.has(code))
    return fileError("ERR_FILE_SPACE", url, because("does not fit"), "make room on the server", error);
  if (code === 550) {
    const hint = `check the path (it is relative to the folder of the login) and who may read it; ${CREDENTIALS}`;
    return fileError("ERR_FILE_NOT_FOUND", url, because("is not there, or not for this login"), hint, error);
  }
  if (code >= 500)
    return fileError("ERR_FILE_REFUSED", url, because("is refused"), "look at what the server wants", error);
  return error;
}

/** Null: the server does not know. */
async function asked<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (MISSING.has((error as FTPError).code)) return null;
    throw error;
  }
}

async function statusOf(client: Client, path: string): Promise<{ size: number | null; version: string | null }> {
  const size = await asked(client.size(path));
  const changed = await asked(client.lastMod(path));
  return { size, version: size === null || changed === null ? null : `${size}-${changed.getTime()}` };
}

async function download(source: URL, { path, offset, version, began, signal }: Download): Promise<void> {
  await connected(source, signal, async (client, there) => {
    const now = await statusOf(client, there);
    const from = now.version !== null && now.version === version ? offset : 0;
    began(now.version, from, now.size);
    if (from > 0 && from === now.size) return;
    const file = createWriteStream(path, from > 0 ? { flags: "r+", start: from } : { flags: "w" });
    await client.downloadTo(file, there, from);
  });
}

/** To a name of its own first, where the server lets it be renamed. */
async function upload(path: string, target: URL, signal: AbortSignal, alive: () => void): Promise<void> {
  alive();
  const content = (): Readable => Readable.from(partsOf(path, alive));
  await connected(target, signal, async (client, there) => {
    const unfinished = `${there}.${process.pid}.part`;
    const folder = posix.dirname(there);
    if (folder !== ".") {
      const begin = await client.pwd();
      await client.ensureDir(folder);
      await client.cd(begin);
    }
    await client.uploadFrom(content(), unfinished);
    try {
      await client.rename(unfinished, there);
    } catch {
      await client.uploadFrom(content(), there);
      await client.remove(unfinished, true);
    }
  });
}

export const ftpProvider: StagingProvider = {
  name: "FTP",
  schemes: ["ftp", "ftps"],
  download,
  upload,
  version: (source, signal) =>
    connected(source, signal, async (client, path) => (await statusOf(client, path)).version),

  async close(): Promise<void> {
    for (const client of [...idle.values()].flat()) client.close();
    idle.clear();
  },
};
