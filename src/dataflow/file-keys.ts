/**
 * Files of a call whose result is remembered: what counts of them in its key, and whether those that it made are still there.
 *
 * In the key a file stands with its content (or path, size and time), an output with its place. Of the outputs it is written down how they were
 * when the call was done; a result counts only as long as they are like that.
 */

import type { AppFuture } from "../futures/future.ts";
import { FileKey } from "../memo/key.ts";
import type { MadeFiles } from "../memo/memo.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { withoutSecrets } from "../staging/errors.ts";
import type { FileRef } from "../staging/file.ts";
import { identityOf, type Waiting } from "./arguments.ts";
import type { FilesOfCall } from "./call-files.ts";
import type { FileTasks } from "./files.ts";
import { setOf } from "./words.ts";

/** How an output was. */
interface Made {
  /** Without passwords. */
  url: string;
  stamp: string;
  sha256: string | null;
}

export class FileKeys implements MadeFiles {
  readonly #app: AppDefinition;
  readonly #call: AppFuture<unknown>;
  readonly #tasks: FileTasks;
  readonly #files: FilesOfCall | null;
  readonly #content: boolean;
  readonly #keys = new Map<FileRef, FileKey>();
  readonly #made = new Map<FileRef, Made>();

  constructor(app: AppDefinition, call: AppFuture<unknown>, tasks: FileTasks, files: FilesOfCall | null) {
    this.#app = app;
    this.#call = call;
    this.#tasks = tasks;
    this.#files = files;
    this.#content = app.policy?.cache?.files !== "stat";
  }

  /** Does the call make files? */
  get makesFiles(): boolean {
    return (this.#files?.outputs.length ?? 0) > 0;
  }

  /** Finds out what counts of a file, once its path is there. Resolves with what the task gets for it. */
  async found(ref: FileRef, path: PromiseLike<string>): Promise<string | FileRef> {
    const there = await path;
    this.#keys.set(ref, await this.#keyOf(ref, there));
    return this.#app.joins === true ? ref : there;
  }

  /** @returns The file as it stands in the key. */
  keyOf(ref: FileRef): FileKey {
    return this.#keys.get(ref) as FileKey;
  }

  /**
   * What makes the call equal to others; null: no files do, its arguments alone.
   *
   * @param values - For each input of the call its result; for a file what `keyOf` says.
   * @param completed - Its bytes.
   */
  seen(call: Waiting, values: readonly unknown[], completed: Uint8Array): unknown[] | null {
    if (this.#keys.size === 0 && !this.makesFiles) return null;
    const own = values.length - (this.#files?.inputs.length ?? 0);
    const read = values.slice(own).filter((value) => value instanceof FileKey);
    const made = (this.#files?.outputs ?? []).map((ref) => withoutSecrets(ref.url));
    const numbered = this.#app.placeholders?.slots.some((slot) => "index" in slot) === true;
    const args = identityOf(this.#app, call, values.slice(0, own), completed);
    return [...args, ...setOf(this.#app), ["files", read, made, ...(numbered ? [this.#call.index] : [])]];
  }

  async record(): Promise<Made[] | null> {
    const { outputs } = this.#call;
    await Promise.all(outputs.map(over));
    if (!outputs.every(({ state }) => state === "done")) return null;
    const made = (this.#files?.outputs ?? []).flatMap((ref) => this.#made.get(ref) ?? []);
    return made.length === outputs.length ? made : null;
  }

  /** An output is in its place: writes down how it is. */
  async made(ref: FileRef): Promise<void> {
    const made = await this.#look(ref, this.#content, this.#call.rank).catch(() => null);
    if (made !== null) this.#made.set(ref, made); // Else the call is not remembered.
  }

  async hold(record: unknown): Promise<boolean> {
    const outputs = this.#files?.outputs ?? [];
    const made = record as readonly Made[];
    const held = outputs.map((ref, k) => this.#holds(ref, made[k]));
    return made.length === outputs.length && !(await Promise.all(held)).includes(false);
  }

  async #holds(ref: FileRef, made: Made | undefined): Promise<boolean> {
    if (made === undefined || made.url !== withoutSecrets(ref.url) || made.stamp === "") return false;
    try {
      const now = await this.#look(ref, false, null);
      if (now.stamp === made.stamp) return true;
      return made.sha256 !== null && (await this.#look(ref, true, null)).sha256 === made.sha256;
    } catch {
      return false; // It is not there.
    }
  }

  async #look(ref: FileRef, content: boolean, rank: number | null): Promise<Made> {
    return {
      url: withoutSecrets(ref.url),
      ...(await this.#tasks.lookAtOutput(ref, content, this.#app.placement, rank)),
    };
  }

  async #keyOf(ref: FileRef, path: string): Promise<FileKey> {
    if (this.#files?.places.has(ref.url)) return new FileKey(`output ${withoutSecrets(ref.url)}`);
    const known = ref.sha256 ?? this.#tasks.digestOf(path);
    if (known !== null) return new FileKey(known);
    const { stamp, sha256 } = await this.#tasks.lookAt(path, this.#content, this.#app.placement);
    return new FileKey(sha256 ?? `${stamp} ${path}`);
  }
}

/** Resolves when it is over; a failure stays for whoever awaits it. */
function over(future: AppFuture<unknown>): Promise<void> {
  return new Promise((resolve) => future.listen({ inputSettled: () => resolve() }));
}
