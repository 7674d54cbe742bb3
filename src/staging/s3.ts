/**
 * s3: files, of Amazon and of everything that speaks its protocol: `s3://bucket/key`. With AWS_ENDPOINT_URL the bucket stands in the path, else in
 * the name of the host. Requests are signed by aws4fetch, which is one small file; Amazon's own client would bring 38 packages and 23 MB.
 */

import { stat } from "node:fs/promises";
import { hashOfFile, partsOf } from "./disk.ts";
import { fileError } from "./errors.ts";
import { type Asking, fetched, overHttp, statusError } from "./over-http.ts";
import type { StagingProvider } from "./provider.ts";
import { type S3Settings, s3Settings } from "./s3-settings.ts";

const CREDENTIALS =
  'credentials are taken from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or from the profile AWS_PROFILE in ~/.aws/credentials; of other kinds of logins: eval "$(aws configure export-credentials --format env)"';
/** Codes of answers with the status 400, which say that the credentials are at fault. */
const NOT_US = /^(ExpiredToken|InvalidToken|TokenRefreshRequired|AuthorizationHeaderMalformed)$/;

const MiB = 2 ** 20;
const PARTS_MAX = 10_000;
/** Bytes of a part, and of what is sent in one: the protocol allows 5 GiB at once. */
const PART = 64 * MiB;
const CLEAR_MS = 8_000; // To remove what came of an upload that failed.

function addressOf({ host: bucket, pathname, search }: URL, { endpoint, region }: S3Settings): URL {
  if (endpoint !== null) return new URL(`${endpoint.replace(/\/+$/, "")}/${bucket}${pathname}${search}`);
  const host = `s3.${region}.amazonaws.com`;
  // Certificates cover one label before it.
  return new URL(
    bucket.includes(".")
      ? `https://${host}/${bucket}${pathname}${search}`
      : `https://${bucket}.${host}${pathname}${search}`,
  );
}

async function send(url: URL, asking: Asking, answers: readonly number[]): Promise<Response> {
  if (url.host === "" || url.pathname.length < 2)
    throw fileError("ERR_FILE", url, "names no object", "give s3://bucket/key");
  const settings = s3Settings();
  const address = addressOf(url, settings);
  const response = await fetched(address, { ...asking, headers: await signed(address, asking, settings) });
  const { status, statusText } = response;
  if (status < 400 || answers.includes(status)) return response;
  const { code, message } = errorIn(await response.text());
  const said = [`HTTP ${status}`, code ?? statusText, message].filter(Boolean).join(" ");
  const own = settings.keys === null ? `no credentials were found; ${CREDENTIALS}` : CREDENTIALS;
  if (status === 400 && NOT_US.test(code ?? ""))
    throw fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${said}`, own);
  if (status === 301) throw elsewhere(url, response);
  throw statusError(url, response, said, own);
}

/** The body is not read for it: where its hash matters the headers have it. */
async function signed(
  address: URL,
  { method, headers = {} }: Asking,
  { keys, region }: S3Settings,
): Promise<Record<string, string>> {
  if (keys === null) return headers;
  const { AwsV4Signer } = await import("aws4fetch");
  const signer = new AwsV4Signer({ ...keys, method, url: address.href, headers, service: "s3", region });
  return Object.fromEntries((await signer.sign()).headers);
}

/** What an answer says, if it is one of the protocol's. */
function errorIn(text: string): { code: string | null; message: string | null } {
  const part = (name: string): string | null => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? null;
  return { code: part("Code"), message: part("Message") };
}

function elsewhere(url: URL, { headers }: Response): Error {
  const region = headers.get("x-amz-bucket-region");
  const hint = region === null ? "set AWS_REGION to that of the bucket" : `set AWS_REGION=${region}`;
  return fileError("ERR_FILE_REFUSED", url, "is in another region than was asked", hint);
}

/** In one request, or in parts: nobody sees it before all of it is there. The server checks the hash of what it got. */
export async function upload(
  path: string,
  target: URL,
  signal: AbortSignal,
  alive: () => void,
  partBytes: number = PART,
): Promise<void> {
  alive();
  const { size } = await stat(path);
  const given = { path, signal, alive };
  if (size > partBytes) await uploadParts(given, target, size, Math.max(partBytes, Math.ceil(size / PARTS_MAX)));
  else await put(given, target, 0, size);
}

interface Given {
  path: string;
  signal: AbortSignal;
  alive: () => void;
}

async function put({ path, signal, alive }: Given, target: URL, first: number, bytes: number): Promise<string | null> {
  const last = first + bytes - 1;
  const hash = await hashOfFile(path, { first, last, signal });
  const headers = { "content-length": String(bytes), "x-amz-content-sha256": hash };
  const body = bytes === 0 ? "" : partsOf(path, alive, first, last);
  const response = await send(target, { method: "PUT", headers, body, signal }, []);
  await response.body?.cancel();
  return response.headers.get("etag");
}

async function uploadParts(given: Given, target: URL, size: number, partBytes: number): Promise<void> {
  const { signal, alive } = given;
  const begun = await (await send(withQuery(target, "uploads="), { method: "POST", signal }, [])).text();
  const id = /<UploadId>([^<]+)<\/UploadId>/.exec(begun)?.[1];
  if (id === undefined)
    throw fileError(
      "ERR_FILE_REFUSED",
      target,
      "is refused: the server takes no file in parts",
      "look at what the server wants",
    );
  const upload = `uploadId=${encodeURIComponent(id)}`;
  try {
    const tags: (string | null)[] = [];
    for (let first = 0; first < size; first += partBytes) {
      const part = withQuery(target, `partNumber=${tags.length + 1}&${upload}`);
      tags.push(await put(given, part, first, Math.min(partBytes, size - first)));
    }
    const parts = tags.map((tag, k) => `<Part><PartNumber>${k + 1}</PartNumber><ETag>${tag}</ETag></Part>`).join("");
    const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
    const completed = await send(withQuery(target, upload), { method: "POST", body, signal }, []);
    // It begins to answer before it knows, and sends spaces meanwhile.
    const { code, message } = errorIn(await textOf(completed, alive));
    if (code !== null) throw new Error(`${code} ${message}`);
  } catch (error) {
    // Else its parts cost money for ever.
    const signal = AbortSignal.timeout(CLEAR_MS);
    await send(withQuery(target, upload), { method: "DELETE", signal }, []).catch(() => {});
    throw error;
  }
}

async function textOf({ body }: Response, alive: () => void): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    alive();
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function withQuery(url: URL, query: string): URL {
  const copy = new URL(url);
  copy.search = query;
  return copy;
}

export const s3Provider: StagingProvider = { name: "S3", schemes: ["s3"], ...overHttp(send, "if-match"), upload };
