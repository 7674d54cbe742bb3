/** What protocols over HTTP share: connections, what a status says, downloads that go on where they ended. Proxies as curl has them. */

import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Dispatcher } from "undici";
import { partsOf } from "./disk.ts";
import { fileError } from "./errors.ts";
import type { Download, StagingProvider } from "./provider.ts";
import { innermost } from "./reason.ts";

/** One request. The signal ends it, body and all. */
export interface Asking {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  headers?: Record<string, string>;
  body?: unknown;
  signal: AbortSignal;
}

/** Asks with the credentials for a URL. Throws for every status that is an error, except those that `answers` lists. */
export type Send = (url: URL, asking: Asking, answers: readonly number[]) => Promise<Response>;

const CHANGED = [412, 416]; // What was there is not there any more.
const NO_HEAD = [405, 501];
const LATER = [408, 425, 429];
const NEVER = [501, 505]; // The method, or the version, is none of the server's.

let connections: Dispatcher | null = null;

/** As it is, without credentials of its own. What is counted and hashed are the bytes of the file, so nothing is compressed on the way. */
export async function fetched(url: URL, { headers, ...rest }: Asking): Promise<Response> {
  const { EnvHttpProxyAgent, fetch } = (await import("undici")).default;
  connections ??= new EnvHttpProxyAgent();
  const all = { ...rest, headers: { "accept-encoding": "identity", ...headers }, dispatcher: connections };
  try {
    return (await fetch(url, { duplex: "half", ...all } as never)) as unknown as Response;
  } catch (error) {
    throw fromFetch(error, url);
  }
}

const UNTRUSTED = /CERT|UNABLE_TO_(GET|VERIFY)/;

/** Of what ended a request before there was an answer: what will be the same next time. Others as they are. */
export function fromFetch(error: unknown, url: URL): unknown {
  const { message, code } = innermost(error) as NodeJS.ErrnoException;
  if (message === "redirect count exceeded") {
    const hint = "look at what the server wants";
    return fileError("ERR_FILE_REFUSED", url, "is refused: it redirects again and again", hint, error);
  }
  if (typeof code === "string" && UNTRUSTED.test(code)) {
    const hint = "look at its certificate; NODE_EXTRA_CA_CERTS names a file of those to be trusted besides";
    return fileError("ERR_FILE_REFUSED", url, `is on a server that is not trusted: ${message} (${code})`, hint, error);
  }
  return error;
}

export async function closeConnections(): Promise<void> {
  const open = connections;
  connections = null;
  await open?.close();
}

/** What a status says, with the server's words `said`. `retryAfterMs` of an error: how long the server asks for. */
export function statusError(url: URL, { status, headers }: Response, said: string, credentials: string): Error {
  if (status === 404 || status === 410)
    return fileError("ERR_FILE_NOT_FOUND", url, `is not there: ${said}`, "check the URL");
  if (status === 401 || status === 403 || status === 407)
    return fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${said}`, credentials);
  if (status === 507) return fileError("ERR_FILE_SPACE", url, `does not fit: ${said}`, "make room on the server");
  if (status < 500 ? !LATER.includes(status) : NEVER.includes(status))
    return fileError("ERR_FILE_REFUSED", url, `is refused: ${said}`, "look at what the server wants");
  return Object.assign(new Error(said), { retryAfterMs: retryAfter(headers.get("retry-after")) });
}

/** Seconds, or a date. */
export function retryAfter(text: string | null): number {
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, Math.min(ms, 120_000)) : 0;
}

/** A weak ETag does not promise equal bytes. */
function versionOf({ headers }: Response): string | null {
  const tag = headers.get("etag");
  return tag !== null && !tag.startsWith("W/") ? tag : headers.get("last-modified");
}

/** `guard`: the header that asks for the rest only while it is of the same version. */
export function overHttp(
  send: Send,
  guard: "if-range" | "if-match",
): Pick<StagingProvider, "download" | "upload" | "version" | "close"> {
  return {
    download: (source, options) => download(send, guard, source, options),

    async upload(path, target, signal, alive) {
      const { size } = await stat(path);
      const headers = { "content-length": String(size), "content-type": "application/octet-stream" };
      const response = await send(target, { method: "PUT", headers, body: partsOf(path, alive), signal }, []);
      await response.body?.cancel();
    },

    async version(source, signal) {
      const response = await send(source, { method: "HEAD", signal }, NO_HEAD);
      await response.body?.cancel();
      return NO_HEAD.includes(response.status) ? null : versionOf(response);
    },

    close: closeConnections,
  };
}

async function download(send: Send, guard: string, source: URL, options: Download): Promise<void> {
  const { path, offset, version, began, signal } = options;
  const goesOn = offset > 0 && version !== null;
  const headers: Record<string, string> = goesOn ? { range: `bytes=${offset}-`, [guard]: version } : {};
  const response = await send(source, { method: "GET", headers, signal }, goesOn ? CHANGED : []);
  const partial = response.status === 206;
  if (CHANGED.includes(response.status) || (partial && versionOf(response) !== version)) {
    await response.body?.cancel();
    return await download(send, guard, source, { ...options, offset: 0, version: null });
  }
  const from = partial ? offset : 0;
  const length = response.headers.get("content-length");
  const encoded = (response.headers.get("content-encoding") ?? "identity") !== "identity";
  try {
    began(versionOf(response), from, length === null || encoded ? null : from + Number(length));
  } catch (error) {
    await response.body?.cancel(); // There is no room for it.
    throw error;
  }
  const file = createWriteStream(path, partial ? { flags: "r+", start: from } : { flags: "w" });
  if (response.body === null) return void file.end();
  await pipeline(Readable.fromWeb(response.body as never), file, { signal });
}
