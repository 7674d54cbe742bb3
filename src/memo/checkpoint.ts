/** The store of a running program: what is written when, and what was acknowledged. */

import { statfsSync } from "node:fs";
import { HeddleError } from "../errors.ts";
import { collectGarbage, type Limits } from "./collect.ts";
import { appKey } from "./key.ts";
import { lock } from "./lock.ts";
import { COUNTED_MAX, type MemoStore } from "./memo.ts";
import { type Change, PendingRanges } from "./pending.ts";
import { isRangeKey, SERIES_CHARS } from "./ranges.ts";
import { type Scanned, Store } from "./store.ts";

export type CheckpointMode = "task" | "periodic" | "exit" | "manual";

export interface CheckpointSettings extends Limits {
  mode: CheckpointMode;
  path: string;
  periodMs: number;
  loadFrom: readonly string[];
  durability: "process" | "power";
}

const RESULT_MAX = 2 ** 30 + 1_024; // Of 1 GiB, and what encoding adds to it.
const APP_BYTES = 16; // Of a key, from `appKey`.
const TOUCHED_MAX = 100_000; // Then they are written down.

export class Checkpoint implements MemoStore {
  readonly #settings: CheckpointSettings;
  readonly #unlock: () => void;
  readonly #store: Store;
  /** Its own, and those that are only read. */
  readonly #stores: readonly Store[];
  readonly #prefixes = new Map<string, Buffer>();
  #lastPrefix: { app: string; version: string; prefix: Buffer } | null = null;
  /** Keys that were asked for. */
  #touched: Buffer[] = [];
  readonly #timer: NodeJS.Timeout | null;
  /** What the mode does not let be written yet, by key, as latin1. */
  readonly #pending = new Map<string, Change>();
  /** Those of maps, and such as are being written. */
  readonly #ranges = new PendingRanges(APP_BYTES + SERIES_CHARS);
  #last: Promise<void> = Promise.resolve();
  #failure: HeddleError | null = null;

  /** Throws ERR_CHECKPOINT or ERR_CHECKPOINT_BUSY. */
  constructor(settings: CheckpointSettings) {
    this.#settings = settings;
    this.#unlock = lock(settings.path); // Before it is opened: a second writer may be on another host.
    try {
      this.#store = new Store(settings.path, { readOnly: false, power: settings.durability === "power" });
      const others = settings.loadFrom.map((path) => new Store(path, { readOnly: true, power: false }));
      this.#stores = [this.#store, ...others];
    } catch (error) {
      this.#unlock();
      throw error;
    }
    process.once("exit", this.#unlock);
    const periodic = settings.mode === "periodic";
    this.#timer = periodic ? setInterval(() => this.#flush(), settings.periodMs).unref() : null;
  }

  get(app: string, version: string, key: string): Uint8Array | null {
    const whole = this.#keyOf(app, version, key);
    const pending = this.#pending.size === 0 ? undefined : this.#pending.get(whole.toString("latin1"));
    if (pending !== undefined) return pending.entry;
    for (const store of this.#stores) {
      const found = store.peek(whole, this.#settings.ttlMs);
      if (found === null) continue;
      if (store === this.#store) this.#touch(whole);
      return found;
    }
    return null;
  }

  put(app: string, version: string, key: string, result: Uint8Array): void {
    if (result.length > RESULT_MAX) {
      const mib = Math.round(result.length / 2 ** 20);
      process.stderr.write(`heddle: a result of app "${app}" has ${mib} MiB, and is not kept: the limit is 1024\n`);
      return;
    }
    this.#change(this.#keyOf(app, version, key), key, { entry: result });
  }

  remove(app: string, version: string, key: string): void {
    this.#change(this.#keyOf(app, version, key), key, { entry: null });
  }

  scan(app: string, version: string, from: string, to: string, limit: number): Scanned<string>[] {
    const [first, last] = [this.#keyOf(app, version, from), this.#keyOf(app, version, to)];
    const own = (key: string): string => key.slice(APP_BYTES);
    return this.#stores.map((store) => {
      const scanned = store.scan(first, last, this.#settings.ttlMs, limit);
      if (store === this.#store) for (const { key } of scanned.entries) this.#touch(key);
      const found = textOf(scanned);
      const { entries, reached } =
        store === this.#store ? this.#ranges.over(first.toString("latin1"), last.toString("latin1"), found) : found;
      return {
        entries: entries.map(({ key, entry }) => ({ key: own(key), entry })),
        reached: reached === null ? null : own(reached),
      };
    });
  }

  keptOfOthers(app: string, version: string): number {
    const all = this.#stores.flatMap((store) => [...store.versionsOf(app, COUNTED_MAX)]);
    if (all.some((one) => one.version === version && one.results > 0)) return 0;
    return all.reduce((sum, { results }) => sum + results, 0);
  }

  /** Resolves when every result so far survives the end of this process. Rejects with ERR_CHECKPOINT. */
  async save(): Promise<void> {
    this.#flush();
    await this.#last;
    if (this.#failure !== null) throw this.#failure;
    if (this.#settings.durability === "power") await this.#store.synced();
  }

  /** @returns Why it does not have all results, or null. Standard error says it too. */
  async close(): Promise<HeddleError | null> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#settings.mode !== "manual") this.#flush();
    await this.#last;
    await this.#tidy();
    const torn = this.#stores.reduce((sum, store) => sum + store.torn, 0);
    if (torn > 0) process.stderr.write(`heddle: ${torn} results of the checkpoint were damaged, and ran again\n`);
    // Where writes failed LMDB may wait for ever for what it could not write.
    for (const store of this.#stores) if (this.#failure === null || store !== this.#store) await store.close();
    this.#unlock();
    process.off("exit", this.#unlock);
    if (this.#failure !== null)
      process.stderr.write(`heddle: the checkpoint ${this.#store.path} does not have all results of this run\n`);
    return this.#failure;
  }

  async #tidy(): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await this.#store.touch(this.#touched);
      if (this.#store.bytes() > this.#settings.maxBytes) await collectGarbage(this.#store, this.#settings);
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #keyOf(app: string, version: string, key: string): Buffer {
    const prefix = this.#prefixOf(app, version);
    const whole = Buffer.allocUnsafe(prefix.length + key.length);
    whole.set(prefix);
    whole.write(key, prefix.length, "latin1");
    return whole;
  }

  // Of the same app, mostly: versions are long.
  #prefixOf(app: string, version: string): Buffer {
    const last = this.#lastPrefix;
    if (last !== null && last.app === app && last.version === version) return last.prefix;
    const id = `${app}\0${version}`;
    let prefix = this.#prefixes.get(id);
    if (prefix === undefined) {
      prefix = appKey(app, version);
      this.#prefixes.set(id, prefix);
      this.#store.name(prefix, app, version).catch((cause) => this.#failed(cause));
    }
    this.#lastPrefix = { app, version, prefix };
    return prefix;
  }

  #touch(key: Buffer): void {
    if (this.#failure !== null) return;
    this.#touched.push(key);
    if (this.#touched.length < TOUCHED_MAX) return;
    this.#store.touch(this.#touched).catch((cause) => this.#failed(cause));
    this.#touched = [];
  }

  // After a failure nothing is written: what is known in memory is all that there is.
  #change(whole: Buffer, key: string, change: Change): void {
    if (this.#failure !== null) return;
    const isRange = isRangeKey(key);
    if (isRange) this.#ranges.set(whole.toString("latin1"), change);
    if (this.#settings.mode === "task") this.#write(whole, change, isRange);
    else this.#pending.set(whole.toString("latin1"), change);
  }

  #flush(): void {
    for (const [key, change] of this.#pending)
      this.#write(Buffer.from(key, "latin1"), change, isRangeKey(key.slice(APP_BYTES)));
    this.#pending.clear();
  }

  #write(key: Buffer, change: Change, isRange: boolean): void {
    const { entry } = change;
    const written = entry === null ? this.#store.remove([key]) : this.#store.put(key, entry);
    this.#last = written.catch((cause) => this.#failed(cause));
    if (isRange) this.#last = this.#last.then(() => this.#ranges.shown(key.toString("latin1"), change));
  }

  #failed(cause: unknown): void {
    if (this.#failure !== null) return;
    const { path } = this.#store;
    const message = `Results cannot be written to the checkpoint ${path}: ${(cause as Error).message}${room(path)}`;
    const hint = "see whether the disk is full; the run itself goes on";
    this.#failure = new HeddleError("ERR_CHECKPOINT", message, hint, { cause });
    this.#pending.clear();
    process.stderr.write(`heddle: ${message}; the run goes on without\n`);
  }
}

/** LMDB calls it an input/output error where only a part of something could be written. */
function room(path: string): string {
  try {
    const { bavail, bsize } = statfsSync(path);
    return ` (${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free there)`;
  } catch {
    return "";
  }
}

function textOf({ entries, reached }: Scanned<Buffer>): Scanned<string> {
  return {
    entries: entries.map(({ key, entry }) => ({ key: key.toString("latin1"), entry })),
    reached: reached?.toString("latin1") ?? null,
  };
}
