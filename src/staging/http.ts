/** http: and https: files. Proxies as curl has them: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */

import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Dispatcher } from "undici";
import { fileError } from "./errors.ts";
import { loginOf } from "./netrc.ts";
import type { Download, StagingProvider } from "./provider.ts";

const CREDENTIALS = "credentials are taken from the URL (https://user:password@host/), or from ~/.netrc";

let connections: Dispatcher | null = null;

async function send(url: URL, method: "GET" | "HEAD" | "PUT", options: Partial<RequestInit>): Promise<Response> {
  const { EnvHttpProxyAgent, fetch } = (await import("undici")).default;
  connections ??= new EnvHttpProxyAgent();
  const bare = new URL(url);
  bare.username = bare.password = "";
  const login = loginOf(url);
  const headers = new Headers(options.headers);
  // What is counted and hashed are the bytes of the file.
  headers.set("accept-encoding", "identity");
  if (login !== null) {
    headers.set("authorization", `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`);
  }
  const all = { ...options, method, headers: Object.fromEntries(headers), dispatcher: connections };
  return (await fetch(bare, all as never)) as unknown as Response;
}

/** Throws what a status says. `retryAfterMs` of an error: how long the server asks for. */
function check(url: URL, response: Response): void {
  const { status, statusText } = response;
  if (status < 400) return;
  const said = `HTTP ${status} ${statusText}`.trim();
  if (status === 404 || status === 410)
    throw fileError("ERR_FILE_NOT_FOUND", url, `is not there: ${said}`, "check the URL");
  if (status === 401 || status === 403 || status === 407)
    throw fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${said}`, CREDENTIALS);
  if (status === 507) throw fileError("ERR_FILE_SPACE", url, `does not fit: ${said}`, "make room on the server");
  if (status < 500 && ![408, 425, 429].includes(status))
    throw fileError("ERR_FILE_REFUSED", url, `is refused: ${said}`, "look at what the server wants");
  throw Object.assign(new Error(said), { retryAfterMs: retryAfter(response.headers.get("retry-after")) });
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

async function download(source: URL, { path, offset, version, began, alive, signal }: Download): Promise<void> {
  const goesOn = offset > 0 && version !== null;
  const headers = goesOn ? { range: `bytes=${offset}-`, "if-range": version } : {};
  const response = await send(source, "GET", { headers, signal });
  if (goesOn && response.status === 416) {
    await response.body?.cancel();
    return await download(source, { path, offset: 0, version: null, began, alive, signal });
  }
  check(source, response);
  const partial = goesOn && response.status === 206;
  const from = partial ? offset : 0;
  const length = response.headers.get("content-length");
  const encoded = (response.headers.get("content-encoding") ?? "identity") !== "identity";
  began(versionOf(response), from, length === null || encoded ? null : from + Number(length));
  const file = createWriteStream(path, partial ? { flags: "r+", start: from } : { flags: "w" });
  if (response.body === null) return void file.end();
  await pipeline(Readable.fromWeb(response.body as never), file, { signal });
}

async function upload(path: string, target: URL, signal: AbortSignal): Promise<void> {
  const { size } = await stat(path);
  const body = Readable.toWeb(createReadStream(path)) as never;
  const headers = { "content-length": String(size), "content-type": "application/octet-stream" };
  const response = await send(target, "PUT", { headers, body, signal, duplex: "half" } as never);
  await response.body?.cancel();
  check(target, response);
}

export const httpProvider: StagingProvider = {
  name: "HTTP",
  schemes: ["http", "https"],
  download,
  upload,

  async version(source: URL, signal: AbortSignal): Promise<string | null> {
    const response = await send(source, "HEAD", { signal });
    await response.body?.cancel();
    if (response.status === 405 || response.status === 501) return null;
    check(source, response);
    return versionOf(response);
  },

  async close(): Promise<void> {
    const open = connections;
    connections = null;
    await open?.close();
  },
};
