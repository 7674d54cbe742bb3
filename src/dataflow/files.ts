/**
 * Files of calls. What a task reads is brought to its node before it begins, and what it makes to its place afterwards, by tasks of Heddle's own:
 * in this process where it is on that node (or where all nodes see the folder of copies), else on the lowest rank of that node.
 */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import type { Placement } from "../native/binding.ts";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import { endStaging, stagingApps } from "../staging/apps.ts";
import { shown } from "../staging/errors.ts";
import { FileRef } from "../staging/file.ts";
import type { StagingSettings } from "../staging/settings.ts";

import type { Kernel } from "./kernel.ts";

const PRIORITY = 1_000; // Others wait for them.

/** Of an output. */
export interface Place {
  readonly path: string;
  /** The same path, when its folder is there. */
  readonly ready: Promise<string>;
}

export class FileTasks {
  readonly #kernel: Kernel;
  readonly #settings: StagingSettings;
  /** By what is brought, and where. */
  readonly #brought = new Map<string, Promise<string>>();
  /** Where files lie, by URL, that tasks made and that belong elsewhere. */
  readonly #made = new Map<string, string>();
  /** Of files that tasks make; and of how many. */
  readonly #folder: string;
  #count = 0;
  #used = false;

  constructor(kernel: Kernel, settings: StagingSettings) {
    this.#kernel = kernel;
    this.#settings = settings;
    this.#folder = join(settings.cache, "outputs", randomUUID());
    kernel.beforeClose.push(async () => {
      if (this.#used) await endStaging(this.#folder);
    });
  }

  /** The path of a file as tasks of `placement` see it, once it is there. */
  path(ref: FileRef, placement: Placement): PromiseLike<string> {
    const made = this.#made.get(ref.url);
    if (made !== undefined) return Promise.resolve(made);
    const ranks = this.#ranksFor(placement);
    const key = JSON.stringify([ref.url, ref.sha256, ref.size, ranks]);
    let path = this.#brought.get(key);
    if (path === undefined) {
      path = this.#everywhere("in", ranks, [ref]);
      this.#brought.set(key, path);
      path.then(undefined, () => void this.#brought.delete(key)); // The next call tries again.
    }
    return path;
  }

  /** Where tasks of `placement` are to write these outputs, by URL; one that belongs elsewhere, once there is a folder for it. */
  places(outputs: readonly FileRef[], placement: Placement): Map<string, Place> {
    return new Map(outputs.map((ref) => [ref.url, this.#placeOf(ref, placement)]));
  }

  #placeOf(ref: FileRef, placement: Placement): Place {
    if (ref.path !== null) return { path: ref.path, ready: Promise.resolve(ref.path) };
    const folder = join(this.#folder, String(this.#count++));
    const path = join(folder, ref.name);
    const made = this.#everywhere("folder", this.#ranksFor(placement), [folder]);
    return { path, ready: made.then(() => path) };
  }

  /** The result of the same task on each of these ranks. */
  #everywhere(what: keyof typeof stagingApps, ranks: readonly number[], args: readonly unknown[]): Promise<string> {
    const calls = ranks.map((rank) => this.#task(what, () => rank, args) as AppFuture<string>);
    const [only] = calls;
    return calls.length === 1 && only !== undefined ? only : Promise.all(calls).then(([first]) => first as string);
  }

  /** Brings the outputs of a call to their places when it is done. */
  bringOut(
    call: AppFuture<unknown>,
    outputs: readonly FileRef[],
    places: ReadonlyMap<string, Place>,
  ): AppFuture<FileRef>[] {
    return outputs.map((ref) => {
      const { path } = places.get(ref.url) as Place;
      if (ref.path === null) this.#made.set(ref.url, path);
      const rank = (): number => this.#lowest(call.rank ?? this.#kernel.executor.rank);
      return this.#task("out", rank, [path, ref], call) as AppFuture<FileRef>;
    });
  }

  /** A task of this process, which has another do it where it is to be done on another node. */
  #task(
    what: keyof typeof stagingApps,
    rank: () => number,
    args: readonly unknown[],
    after: AppFuture<unknown> | null = null,
  ): AppFuture<unknown> {
    this.#used = true;
    const all = [...args, this.#settings];
    const base = stagingApps[what];
    const fn = (): unknown => {
      const target = rank();
      const run = base.fn as (...values: unknown[]) => unknown;
      return target === this.#own ? run(...all) : this.#kernel.call(this.#at(base, target), all);
    };
    const told = args.map((one) => (one instanceof FileRef ? shown(one.url) : one));
    return this.#kernel.call({ ...base, base, fn, joins: true }, told, after);
  }

  #at(app: AppDefinition, target: number): AppDefinition {
    const { executor } = this.#kernel;
    const bare = executor.capacities.find(({ first, last }) => target >= first && target < last)?.cores.js === 0;
    if (bare) {
      const message = `Files are brought to the node of rank ${target} by a JS worker, and that rank has none.`;
      const hint = "define a function app with app(), or use a folder that all nodes see: staging: { shared: true }";
      throw new HeddleError("ERR_CONFIG", message, hint);
    }
    return { ...app, base: app, placement: { ...ANYWHERE, priority: PRIORITY, placement: "only", target } };
  }

  /** The rank that does it for the node of this one. */
  #lowest(rank: number): number {
    return this.#settings.shared ? this.#own : (this.#kernel.executor.nodes()[rank] ?? this.#own);
  }

  get #own(): number {
    const { executor } = this.#kernel;
    return executor.nodes()[executor.rank] ?? executor.rank;
  }

  /** Of each node on which such tasks may run, the rank that does it. */
  #ranksFor({ placement, target }: Placement): number[] {
    if (this.#settings.shared) return [this.#own];
    if (placement === "only" || placement === "only on node") return [this.#lowest(target)];
    return [...new Set(this.#kernel.executor.nodes())];
  }
}
