/**
 * Files by name: a path or a URL, wherever they lie. A task is given the path of a copy on its node; elsewhere in a value
 * it stays what it is, as an extension of msgpack.
 */

import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { HeddleError } from "../errors.ts";
import { extend } from "../serialize/codec.ts";
import { checkNamesAmong } from "../serialize/names.ts";
import { SHOWN, shorten } from "../serialize/values.ts";
import { shown, withoutSecrets } from "./errors.ts";

/** What is known of a file before it is looked at. */
export interface FileOptions {
  /** SHA-256 of its content, 64 hexadecimal digits: a copy with another is an error (`ERR_FILE_CHECKSUM`). Default: not checked. */
  sha256?: string;
  /** Its bytes: a copy of another size is an error (`ERR_FILE_TRUNCATED`). Default: not checked. */
  size?: number;
}

/** @internal What a file says of itself, as plain data. */
export type PlainFile = Pick<FileRef, "url" | "sha256" | "size">;

/** A file: an argument or an output of a task. Made by {@link file}. */
export class FileRef {
  /** Where it is: `file:`, `http:`, `s3:` ... What a path was given for is absolute. */
  readonly url: string;
  /** Null: not checked. */
  readonly sha256: string | null;
  /** Bytes; null: not checked. */
  readonly size: number | null;

  /** @internal */
  constructor(url: string, sha256: string | null, size: number | null) {
    this.url = url;
    this.sha256 = sha256;
    this.size = size;
  }

  /** Scheme of the URL, without colon. */
  get scheme(): string {
    return this.url.slice(0, this.url.indexOf(":"));
  }

  /** Its path where it is a local file; else null. */
  get path(): string | null {
    return this.scheme === "file" ? fileURLToPath(this.url) : null;
  }

  /** The last part of its path, decoded; "file" where there is none. */
  get name(): string {
    const name = basename(decoded(new URL(this.url).pathname)).replaceAll("\0", "_");
    return name === "" || name === "." || name === ".." ? "file" : name;
  }

  /** For people: the path of a local file, else the URL, without passwords and signatures; `url` has them. */
  toString(): string {
    return shown(this.url);
  }

  /** The URL without passwords and signatures. */
  toJSON(): string {
    return withoutSecrets(this.url);
  }
}

/**
 * Names a file. As an argument of a call it is brought to where the task runs, once per node, and the task sees the path of the copy, as text;
 * a file that every node sees is used where it is. As an output of a call it is brought to its place when the task is done.
 *
 * @param location - A path (relative to the working directory), or a URL: `file:`, `http:`, `https:`, `ftp:`, `ftps:`, `sftp:`, `s3:`, `globus:`, and
 * those of providers that the program adds.
 * @throws {@link HeddleError} `ERR_FILE`: it is none of those, or an option is wrong or unknown.
 * @example
 * const reads = file("s3://genomes/sample-7.fastq.gz", { sha256: "9f86d081..." });
 * const sorted = await sort.with({ outputs: [file("sftp://store/data/sorted.bam")] })(reads);
 */
export function file(location: string | URL, options: FileOptions = {}): FileRef {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const hint = 'give an object, such as { sha256: "9f86d081..." }, or none';
    throw new HeddleError("ERR_FILE", `file(): the options are ${shorten(options)}.`, hint);
  }
  checkNamesAmong("ERR_FILE", "file()", ["sha256", "size"], options);
  const { sha256, size } = options;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new HeddleError("ERR_FILE", `file(): sha256 is ${shorten(sha256)}.`, "give 64 hexadecimal digits");
  }
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new HeddleError("ERR_FILE", `file(): size is ${shorten(size)}.`, "give the number of bytes, 0 or more");
  }
  return new FileRef(urlOf(location), sha256?.toLowerCase() ?? null, size ?? null);
}

function urlOf(location: unknown): string {
  if (location instanceof URL) return checkedUrl(location);
  if (typeof location !== "string" || location === "" || location.includes("\0")) {
    throw new HeddleError("ERR_FILE", `file(): the file is ${shorten(location)}.`, "give a path or a URL");
  }
  if (!/^[a-z][a-z0-9+.-]+:/i.test(location)) return pathToFileURL(location).href;
  try {
    return checkedUrl(new URL(location));
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    const message = `file(): ${shorten(withoutSecrets(location))} is no URL.`;
    throw new HeddleError("ERR_FILE", message, "write it as scheme://host/path, or give a path", { cause });
  }
}

function checkedUrl(url: URL): string {
  try {
    if (url.protocol === "file:") fileURLToPath(url);
  } catch (cause) {
    const message = `file(): ${url.href} is not a path of this machine: ${(cause as Error).message}.`;
    throw new HeddleError("ERR_FILE", message, "write it as file:///path, or give a path", { cause });
  }
  return url.href;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const FILE_TAG = 0x48;

/** While arguments are encoded: what stands for a file that is to become a path; null: it stays a file. */
let placeholder: ((ref: FileRef) => Uint8Array | null) | null = null;
/** And what is put there. */
let filled: (bytes: Uint8Array) => unknown = () => undefined;

/** @internal For whoever encodes arguments. */
export function fileInputs(pack: (ref: FileRef) => Uint8Array | null, unpack: (bytes: Uint8Array) => unknown): void {
  placeholder = pack;
  filled = unpack;
}

function packFile(ref: FileRef): Uint8Array {
  const number = placeholder?.(ref) ?? null;
  if (number !== null) return Buffer.concat([Buffer.from([0]), number]);
  return Buffer.from(`\x01${JSON.stringify([ref.url, ref.sha256, ref.size])}`);
}

function unpackFile(bytes: Uint8Array): unknown {
  if (bytes[0] === 0) return filled(bytes.subarray(1));
  const [url, sha256, size] = JSON.parse(Buffer.from(bytes.subarray(1)).toString()) as [string, string, number];
  return new FileRef(url, sha256, size);
}

extend(FileRef, FILE_TAG, packFile, unpackFile);

// Messages show arguments, and an address may hold a password.
Object.defineProperty(FileRef.prototype, SHOWN, {
  get(this: FileRef) {
    return JSON.stringify(shown(this.url));
  },
});

Object.defineProperty(FileRef.prototype, inspect.custom, {
  value(this: FileRef) {
    return `file(${JSON.stringify(shown(this.url))})`;
  },
});
