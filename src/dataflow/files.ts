/**
 * Files of calls. What a task reads is brought to its node before it begins, and what it makes to its place afterwards, by tasks of Heddle's own:
 * in this process where it is on that node (or where all nodes see the folder of copies), else on the lowest rank of that node.
 */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../errors.ts";
import type { AppFuture } from "../futures/future.ts";
import type { Placement } from "../native/binding.ts";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import { endStaging, labelOf, lookAt, lookAtUrl, missing, stagingApps } from "../staging/apps.ts";
import { SharedWork, untilAborted } from "../staging/ending.ts";
import { fileError, shown } from "../staging/errors.ts";
import type { FileRef, PlainFile } from "../staging/file.ts";
import { digestOfCopy, type Look } from "../staging/look.ts";
import type { StagingSettings } from "../staging/settings.ts";
import type { WantedFile } from "../staging/tasks.ts";
import { noFiles } from "./call-files.ts";
import type { FileKeys } from "./file-keys.ts";
import { closedError, type Kernel } from "./kernel.ts";

const PRIORITY = 1_000; // Others wait for them.

/** Of an output. */
export interface Place {
  readonly path: string;
  /** The same path, when its folder is there. */
  readonly ready: Promise<string>;
}

/** What is special about a task. */
interface Around {
  /** It begins when this is done. */
  after: AppFuture<unknown> | null;
  /** Its result, where nothing is to be done; else null. */
  there: () => unknown;
  /** What is done last. */
  done: (() => Promise<void>) | null;
}

/** A task that is not over. */
interface Running {
  readonly what: keyof typeof stagingApps;
  /** Of the file; where it makes a folder, that. */
  readonly url: string;
  readonly controller: AbortController;
  readonly future: AppFuture<unknown>;
}

export class FileTasks {
  readonly #kernel: Kernel;
  readonly #settings: StagingSettings;
  /** By what is brought, and where. */
  readonly #brought = new Map<string, SharedWork<string>>();
  /** Where files lie, by URL, that tasks made and that belong elsewhere: a path, on the node of this rank. */
  readonly #made = new Map<string, { path: string; rank: number }>();
  /** How often the program has written to a URL: what was brought before is another content. */
  readonly #generations = new Map<string, number>();
  /** Of files that tasks make; and of how many. */
  readonly #folder: string;
  #count = 0;
  #used = false;
  readonly #running = new Set<Running>();
  #closed = false;

  constructor(kernel: Kernel, settings: StagingSettings) {
    this.#kernel = kernel;
    this.#settings = settings;
    this.#folder = join(settings.cache, "outputs", randomUUID());
  }

  /** Waits for outputs on the way to their places; after `graceMs` those that are not there fail with ERR_FILE_TRANSFER. */
  async finishOutputs(graceMs: number = this.#settings.stallMs): Promise<void> {
    if (!this.#used) return;
    await new Promise((resolve) => setImmediate(resolve)); // Those of calls that are just done are on their way then.
    const outputs = (): Running[] =>
      [...this.#running].filter(({ what, future }) => what === "out" && future.state === "joining");
    const over = new AbortController();
    const grace = sleep(graceMs, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([Promise.all(outputs().map(({ future }) => settled(future))), grace]);
    over.abort();
    this.#closed = true;
    const late = outputs();
    for (const { controller, url } of late) controller.abort(notBrought(url));
    await Promise.all(late.map(({ future }) => settled(future)));
  }

  /** Ends what else is under way, which fails with ERR_CLOSED. */
  async end(): Promise<void> {
    this.#closed = true;
    for (const { controller } of this.#running) controller.abort(closedError(null));
    if (this.#used) await endStaging(this.#folder, closedError(null));
  }

  /**
   * The path of a file as tasks of `placement` see it, once it is there.
   *
   * @param waits - Told what is to be called when the caller does not want it any more: when nobody does, it is not brought.
   */
  path(ref: FileRef, placement: Placement, waits: (forgo: () => void) => void = () => {}): PromiseLike<string> {
    const ranks = this.#ranksFor(placement);
    const made = this.#made.get(ref.url);
    // Other nodes get it from its place.
    if (made !== undefined && ranks.every((rank) => rank === made.rank)) return Promise.resolve(made.path);
    const wanted: WantedFile = { ...plain(ref), generation: this.#generations.get(ref.url) ?? 0 };
    const key = JSON.stringify([wanted, ranks]);
    const brought = this.#brought.get(key) ?? this.#bring(key, ranks, wanted);
    waits(brought.want());
    return brought.result;
  }

  #bring(key: string, ranks: readonly number[], wanted: WantedFile): SharedWork<string> {
    const calls = this.#calls("in", ranks, [wanted]);
    const forget = (): void => {
      if (this.#brought.get(key) === brought) this.#brought.delete(key);
    };
    const brought = new SharedWork(first(calls), () => {
      forget();
      for (const call of calls) call.cancel();
    });
    this.#brought.set(key, brought);
    brought.result.catch(forget); // The next call tries again.
    return brought;
  }

  /** The SHA-256 of a file with this path, where that tells it. */
  digestOf(path: string): string | null {
    return digestOfCopy(path, this.#settings.cache);
  }

  /** Looks at a file where tasks of `placement` find it. */
  async lookAt(path: string, content: boolean, placement: Placement): Promise<Look> {
    return await this.#lookOn(this.#ranksFor(placement)[0] ?? this.#own, path, content);
  }

  /** Looks at an output in its place: as rank `rank` sees it, or tasks of `placement`. */
  async lookAtOutput(ref: FileRef, content: boolean, placement: Placement, rank: number | null): Promise<Look> {
    const { path, url } = ref;
    if (this.#closed) throw closedError(null);
    if (path === null) return await lookAtUrl(url, this.#settings);
    return rank === null
      ? await this.lookAt(path, content, placement)
      : await this.#lookOn(this.#lowest(rank), path, content);
  }

  async #lookOn(rank: number, path: string, content: boolean): Promise<Look> {
    if (rank === this.#own) return await lookAt(path, content);
    return (await this.#kernel.call(this.#at(stagingApps.look, rank), [path, content])) as Look;
  }

  /** Of the paths that a task wrote to on rank `rank`, those where nothing is. None where nobody can look: what brings them out will tell. */
  async missing(paths: readonly string[], rank: number): Promise<readonly string[]> {
    const node = this.#lowest(rank);
    try {
      if (node === this.#own) return await missing(paths);
      return (await this.#kernel.call(this.#at(stagingApps.missing, node), [paths])) as string[];
    } catch {
      return [];
    }
  }

  /** Where tasks of `placement` are to write these outputs, by URL; one that belongs elsewhere, once there is a folder for it. */
  places(outputs: readonly FileRef[], placement: Placement): Map<string, Place> {
    return new Map(outputs.map((ref) => [ref.url, this.#placeOf(ref, placement)]));
  }

  #placeOf(ref: FileRef, placement: Placement): Place {
    if (ref.path !== null) return { path: ref.path, ready: Promise.resolve(ref.path) };
    const folder = join(this.#folder, String(this.#count++));
    const path = join(folder, ref.name);
    const made = first(this.#calls("folder", this.#ranksFor(placement), [folder]));
    const ready = made.then(() => path);
    ready.catch(() => {}); // Where the call does not come to wait for it.
    return { path, ready };
  }

  /** The same task on each of these ranks. */
  #calls(what: "in" | "folder", ranks: readonly number[], args: readonly unknown[]): AppFuture<string>[] {
    return ranks.map((rank) => this.#task(what, () => rank, args) as AppFuture<string>);
  }

  /** Brings the outputs of a call to their places when it is done, and has `keys` look at them before anybody else does. */
  bringOut(
    call: AppFuture<unknown>,
    outputs: readonly FileRef[],
    places: ReadonlyMap<string, Place>,
    keys: FileKeys | null,
  ): AppFuture<FileRef>[] {
    return outputs.map((ref) => {
      const { path } = places.get(ref.url) as Place;
      const rank = (): number => this.#lowest(call.rank ?? this.#kernel.executor.rank);
      if (ref.path === null) {
        const ran = (): boolean => call.state === "done";
        call.listen({ inputSettled: () => void (ran() && this.#made.set(ref.url, { path, rank: rank() })) });
      }
      const there = (): FileRef | null => (ref.path === null && call.state === "memo-done" ? ref : null);
      const done = async (): Promise<void> => {
        if (call.state !== "done") return;
        this.#generations.set(ref.url, (this.#generations.get(ref.url) ?? 0) + 1);
        await keys?.made(ref);
      };
      return this.#task("out", rank, [path, plain(ref)], { after: call, there, done }) as AppFuture<FileRef>;
    });
  }

  /** A task of this process, which has another do it where it is to be done on another node. */
  #task(
    what: "in" | "out" | "folder",
    rank: () => number,
    args: readonly unknown[],
    { after, there, done }: Around = { after: null, there: () => null, done: null },
  ): AppFuture<unknown> {
    this.#used = true;
    const base = stagingApps[what];
    const controller = new AbortController();
    const fn = (): unknown => {
      if (this.#closed) throw closedError(null);
      const known = there();
      if (known !== null) return known;
      const work = this.#work(base, rank(), args, controller.signal);
      if (done === null) return work;
      const all = Promise.resolve(work).then((value) => done().then(() => value));
      return untilAborted(controller.signal, all);
    };
    const told = args.map((one) => (typeof one === "string" ? one : shown((one as PlainFile).url)));
    const future = this.#kernel.call({ ...base, base, fn, joins: true }, told, after);
    future.files = { ...(future.files ?? noFiles), label: labelOf(what, told.at(-1) as string) };
    const running = { what, url: told.at(-1) ?? "", controller, future };
    this.#running.add(running);
    const inputSettled = (): void => {
      this.#running.delete(running);
      if (future.state === "cancelled") controller.abort(future.outcome);
    };
    future.listen({ inputSettled });
    return future;
  }

  /** Here, or by a task where it is to be done. On another rank it goes on when it is aborted, but nobody waits for it. */
  #work(base: AppDefinition, target: number, args: readonly unknown[], signal: AbortSignal): unknown {
    const all = [...args, this.#settings];
    if (target === this.#own) return (base.fn as (...values: unknown[]) => unknown)(...all, signal);
    const call = this.#kernel.call(this.#at(base, target), all);
    signal.addEventListener("abort", () => call.cancel(), { once: true });
    return call;
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

/** The result of the same task on several ranks. */
function first(calls: readonly AppFuture<string>[]): Promise<string> {
  return Promise.all(calls).then(([path]) => path as string);
}

function settled(future: AppFuture<unknown>): Promise<void> {
  return new Promise((resolve) => future.listen({ inputSettled: () => resolve() }));
}

/** A call has made it, and it is lost: nothing that an end may hide. */
function notBrought(url: string): HeddleError {
  const hint = "await the outputs of calls, or engine.wait(), before close()";
  return fileError("ERR_FILE_TRANSFER", url, "was not in its place yet when the engine was closed", hint);
}

/** A file as what it is: as a file it would be brought to the task, which is to bring it. */
function plain({ url, sha256, size }: FileRef): PlainFile {
  return { url, sha256, size };
}
