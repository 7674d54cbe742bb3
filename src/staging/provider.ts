/** What moves files between one kind of server and the disk of this node. Users add their own with `stagingProvider`. */

import { HeddleError } from "../errors.ts";
import { shorten } from "../serialize/values.ts";

/** One attempt to bring a file here. */
export interface Download {
  /** Where its bytes go. The file exists, and holds `offset` bytes: those that an earlier attempt got. */
  readonly path: string;
  /** Bytes to go on from where the server can, and its file is still of that `version`; else the provider begins at 0. */
  readonly offset: number;
  /** What `began` was told of those bytes. */
  readonly version: string | null;
  /**
   * To be called once, before the first byte is written.
   *
   * @param version - Tells this content from other contents of the file, such as an ETag, or size and time; null: nothing does.
   * @param offset - Where it begins to write: `offset` above, or 0.
   * @param size - Bytes of the whole; null: the server does not say. A copy of another size is an error, and tried again.
   */
  began(version: string | null, offset: number, size: number | null): void;
  /**
   * To be called when it goes on though no byte comes to `path`, as in a queue: else an attempt without one is given up.
   *
   * @param ms - It is not given up before so many milliseconds.
   */
  alive(ms: number): void;
  /** The attempt is not wanted any more. */
  readonly signal: AbortSignal;
}

/**
 * Throw `HeddleError` with ERR_FILE_NOT_FOUND, ERR_FILE_CREDENTIALS, ERR_FILE_SPACE or ERR_FILE_REFUSED for what will not be better next time. Any other
 * error counts as one of the network, and is tried again.
 */
export interface StagingProvider {
  /** As errors tell it. */
  readonly name: string;
  /** Schemes of the URLs that it knows, lower case, without colon. */
  readonly schemes: readonly string[];
  /** Writes what `source` names to a file here. */
  download(source: URL, download: Download): Promise<void>;
  /**
   * Writes a file of this node to `target`, replacing what is there. Nobody sees half of it where the server can prevent that.
   *
   * @param signal - The attempt is not wanted any more.
   * @param alive - To be called when bytes have gone: after the first call an attempt that does not call again for as long as the option `stall` says,
   * or for `ms` milliseconds if that is longer, is given up. One that never calls is not.
   */
  upload(path: string, target: URL, signal: AbortSignal, alive: (ms?: number) => void): Promise<void>;
  /** What tells the content that is there now from others, as `began` would be told; null: nothing does, it is fetched again. */
  version?(source: URL, signal: AbortSignal): Promise<string | null>;
  /** Ends connections that are kept. */
  close?(): Promise<void>;
}

// On `globalThis`, because a program and a worker's entry may load two copies of this module.
const KEY = Symbol.for("heddle.staging");

function providers(): Map<string, StagingProvider> {
  const holder = globalThis as unknown as Record<symbol, Map<string, StagingProvider> | undefined>;
  holder[KEY] ??= new Map();
  return holder[KEY];
}

/**
 * Adds a provider of the program's own, at the top level, where every rank and worker does the same. It goes before one of Heddle's for the same
 * scheme.
 *
 * @throws {@link HeddleError} `ERR_CONFIG`: it is none.
 */
export function stagingProvider(provider: StagingProvider): void {
  const { name, schemes, download, upload } = (provider ?? {}) as Partial<StagingProvider>;
  const valid =
    typeof name === "string" &&
    Array.isArray(schemes) &&
    schemes.length > 0 &&
    schemes.every((scheme) => /^[a-z][a-z0-9+.-]+$/.test(scheme)) &&
    typeof download === "function" &&
    typeof upload === "function";
  if (!valid) {
    const hint = "it has name, schemes (lower case, without colon), download() and upload()";
    throw new HeddleError("ERR_CONFIG", `stagingProvider(): ${shorten(provider)} is no provider.`, hint);
  }
  for (const scheme of schemes) providers().set(scheme, provider);
}

/** @internal The program's own for this scheme. */
export function ownProvider(scheme: string): StagingProvider | undefined {
  return providers().get(scheme);
}

/** @internal */
export function ownSchemes(): string[] {
  return [...providers().keys()];
}
