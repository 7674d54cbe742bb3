/**
 * Brings files here and away. Copies are kept by their content, so that a file is fetched once per node, however many tasks, processes and
 * programs want it:
 *
 *   blobs/ab/<sha256>/<name>   the content, read-only, under each name that it was wanted by (links)
 *   urls/<hash>.json           what a URL held when it was last fetched
 *   parts/<hash>               what an attempt has got so far, and (.json) of which version
 */

import { chmod, link, mkdir, readdir, rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, HeddleError, headline } from "../errors.ts";
import { attempt, checkLocal, type Known } from "./attempt.ts";
import { providerFor } from "./builtin.ts";
import { makeRoom, registerUser } from "./cache.ts";
import { discard, hashOf, lockOf, readJson } from "./disk.ts";
import { SharedWork, untilAborted, whileItMoves } from "./ending.ts";
import { fileError, fromSystem, isFinal, shown } from "./errors.ts";
import type { FileRef } from "./file.ts";
import type { StagingProvider } from "./provider.ts";
import { innermost } from "./reason.ts";
import type { StagingSettings } from "./settings.ts";
import { Turns } from "./turns.ts";

export type { StagingSettings } from "./settings.ts";

const AT_ONCE = 8; // Transfers; more would only share the line.
/** For those who want what they ask for, whatever happens. */
const never = new AbortController().signal;
const BACKOFF_MS_MAX = 30_000;

export class Stager {
  readonly #settings: StagingSettings;
  /** By file: under way, or here. */
  readonly #copies = new Map<string, SharedWork<string>>();
  readonly #providers = new Set<StagingProvider>();
  readonly #turns = new Turns(AT_ONCE);
  readonly #ending = new AbortController();
  /** Under way: to be over before connections are closed. */
  readonly #working = new Set<Promise<unknown>>();

  constructor(settings: StagingSettings) {
    this.#settings = settings;
  }

  /**
   * Brings a file here, if it is not.
   *
   * @param generation - How often the program itself has written it. Above 0 it is fetched anew for each, whatever the server tells of its version:
   * few servers tell two contents of one size in one second apart.
   * @param signal - The caller does not want it any more; when nobody does it is not brought.
   * @returns The path of a copy, which is read-only; of a local file its own path.
   * @throws {@link HeddleError} `ERR_FILE` and all that begin with `ERR_FILE_`; the reason of an abort.
   */
  async stageIn(ref: FileRef, generation = 0, signal: AbortSignal = never): Promise<string> {
    signal.throwIfAborted();
    const key = JSON.stringify([ref.url, ref.sha256, ref.size, generation]);
    const copy = this.#copies.get(key) ?? this.#begun(key, ref, generation > 0);
    const forgo = copy.want();
    signal.addEventListener("abort", forgo, { once: true });
    try {
      return await untilAborted(signal, copy.result);
    } finally {
      signal.removeEventListener("abort", forgo);
    }
  }

  #begun(key: string, ref: FileRef, anew: boolean): SharedWork<string> {
    const unwanted = new AbortController();
    const forget = (): void => {
      if (this.#copies.get(key) === copy) this.#copies.delete(key);
    };
    const signal = this.#untilEnd(unwanted.signal);
    const bring = (): Promise<string> => this.#bring(ref, anew, signal);
    const work = ref.scheme === "file" ? checkLocal(ref) : this.#tracked(this.#turns.inTurn(bring, signal));
    const copy = new SharedWork(work, () => {
      forget();
      unwanted.abort(new CancelledError(`The transfer of ${shown(ref.url)}`));
    });
    this.#copies.set(key, copy);
    copy.result.catch(forget);
    return copy;
  }

  /** Brings a file of this machine to its place, if it is still wanted. Throws as `stageIn` does. */
  async stageOut(path: string, url: string, unwanted: AbortSignal = never): Promise<void> {
    const provider = await this.#providerFor(url);
    const signal = this.#untilEnd(unwanted);
    const moving = { stallMs: this.#settings.stallMs, signal, moved: null };
    const upload = (): Promise<void> =>
      whileItMoves(moving, (aborted, alive) => provider.upload(path, new URL(url), aborted, alive));
    const work = this.#turns.inTurn(() => this.#trying(url, signal, upload), signal);
    await untilAborted(signal, this.#tracked(work));
  }

  /** What tells the content that a URL has now from others; null: nothing does. Throws as `stageIn` does. */
  async versionOf(url: string): Promise<string | null> {
    return await this.#version(url, await this.#providerFor(url), this.#ending.signal);
  }

  /** Ends what is under way, which fails with `reason`, and connections that are kept. Takes at most some seconds. */
  async close(reason: Error = new CancelledError("What was under way")): Promise<void> {
    this.#ending.abort(reason);
    await Promise.allSettled(this.#working);
    await Promise.all([...this.#providers].map((provider) => provider.close?.()));
    this.#providers.clear();
  }

  #untilEnd(signal: AbortSignal): AbortSignal {
    return signal === never ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal]);
  }

  async #version(url: string, provider: StagingProvider, signal: AbortSignal): Promise<string | null> {
    const limit = AbortSignal.any([AbortSignal.timeout(this.#settings.stallMs), signal]);
    return (await provider.version?.(new URL(url), limit)) ?? null;
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    const forget = (): void => void this.#working.delete(work);
    this.#working.add(work);
    work.then(forget, forget);
    return work;
  }

  async #providerFor(url: string): Promise<StagingProvider> {
    const provider = await providerFor(url);
    this.#providers.add(provider);
    return provider;
  }

  /** One process of this node at a time: the others find the copy. */
  async #bring(ref: FileRef, anew: boolean, signal: AbortSignal): Promise<string> {
    const provider = await this.#providerFor(ref.url);
    const part = this.#path("parts", hashOf(ref.url));
    try {
      for (const folder of ["blobs", "urls", "parts"])
        await mkdir(this.#path(folder), { recursive: true, mode: 0o700 });
      registerUser(this.#settings.cache);
      const release = await lockOf(part, signal);
      try {
        const found = await this.#find(ref, provider, { anew, signal });
        return found ?? (await this.#fetch(ref, provider, part, signal));
      } finally {
        await release();
      }
    } catch (error) {
      throw fromSystem(error, ref.url, this.#settings.cache);
    }
  }

  async #find(
    ref: FileRef,
    provider: StagingProvider,
    { anew, signal }: { anew: boolean; signal: AbortSignal },
  ): Promise<string | null> {
    if (ref.sha256 !== null) return await this.#copyOf(ref, ref.sha256);
    if (anew) {
      await discard(this.#path("parts", hashOf(ref.url))); // What is there is of what was written before.
      return null;
    }
    const known = await readJson<Known>(this.#path("urls", `${hashOf(ref.url)}.json`));
    if (known === null || known.version === null || provider.version === undefined) return null;
    const version = await this.#version(ref.url, provider, signal).catch((error) => {
      if (isFinal(error)) throw error;
      return null; // The download will say what is wrong.
    });
    return version === known.version ? await this.#copyOf(ref, known.sha256) : null;
  }

  /** A copy under the file's own name; null: its content is not here. */
  async #copyOf(ref: FileRef, sha256: string): Promise<string | null> {
    const folder = this.#path("blobs", sha256.slice(0, 2), sha256);
    const [any] = await readdir(folder).catch(() => [] as string[]);
    if (any === undefined) return null;
    const path = join(folder, ref.name);
    await link(join(folder, any), path).catch(() => {}); // It has that name already.
    const now = new Date();
    await utimes(folder, now, now); // It goes last when room is made.
    return path;
  }

  async #fetch(ref: FileRef, provider: StagingProvider, part: string, signal: AbortSignal): Promise<string> {
    const { url } = ref;
    const { stallMs } = this.#settings;
    const got = await this.#trying(url, signal, () => attempt(ref, provider, part, { stallMs, signal }));
    const folder = this.#path("blobs", got.sha256.slice(0, 2), got.sha256);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(part, 0o444);
    await rename(part, join(folder, ref.name));
    await writeFile(this.#path("urls", `${hashOf(url)}.json`), JSON.stringify(got satisfies Known), { mode: 0o600 });
    await discard(part);
    await makeRoom(this.#settings.cache, this.#settings.cacheBytes);
    return join(folder, ref.name);
  }

  /** Again and again, at longer and longer intervals, while there is hope. */
  async #trying<T>(url: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { retries, backoffMs } = this.#settings;
    for (let attempt = 0; ; attempt++) {
      try {
        signal.throwIfAborted();
        return await work();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (isFinal(error) || (attempt >= retries && error instanceof HeddleError)) throw error;
        if (attempt >= retries) {
          const hint = "look at the network and the server; staging: { retries } tries more often";
          const what = `did not get through in ${attempt + 1} attempts; the last one: ${headline(innermost(error))}`;
          throw fileError("ERR_FILE_TRANSFER", url, what, hint, error);
        }
        const asked = (error as { retryAfterMs?: number }).retryAfterMs ?? 0;
        const pause = Math.min(BACKOFF_MS_MAX, backoffMs * 2 ** attempt) * (0.5 + Math.random());
        await sleep(Math.max(asked, pause), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  #path(...parts: string[]): string {
    return join(this.#settings.cache, ...parts);
  }
}
