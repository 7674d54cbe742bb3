/**
 * Results that outlive the program: one LMDB file. docs/decisions/0028 says why LMDB, and what holds on which file system.
 *
 * Three tables: `results` from key to entry, `used` from key to when it was last asked for, `apps` from the first 16 bytes of
 * keys to the name they stand for. An entry is 16 bytes and the encoded result: CRC-32 of all that follows (u32), version of this
 * form (u32), and when it was made (f64, ms since 1970), little-endian.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import type { Database, RootDatabase } from "lmdb";
import { cannotOpen } from "./broken.ts";
import { checkFile } from "./damage.ts";
import { isHeld } from "./lock.ts";

const HEADER = 16;
const FORM = 1;
const CAUSE_MS = 1_000; // So long is waited for what the system said of a commit that failed.

export interface StoredResult {
  key: Buffer;
  app: string;
  version: string;
  /** Of the encoded result. */
  bytes: number;
  /** Milliseconds since 1970. */
  made: number;
  used: number;
}

/** Entries, in the order of their keys. */
export interface Scanned<Key> {
  entries: { key: Key; entry: Uint8Array }[];
  reached: Key | null;
}

export interface StoreOptions {
  readOnly: boolean;
  /** Commits reach the disk, not only the kernel. */
  power: boolean;
}

/** Parts of an entry. */
interface Views {
  /** What the checksum is of. */
  checked: Uint8Array;
  result: Uint8Array;
}

const VIEWS_MAX = 1_024; // Bytes of an entry.

type Table = Database<Buffer, Buffer>;

export class Store {
  readonly path: string;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #results: Table;
  readonly #used: Table;
  readonly #apps: Table;
  #viewed: { buffer: ArrayBufferLike; byteOffset: number; byLength: (Views | undefined)[] } = {
    buffer: new ArrayBuffer(0),
    byteOffset: 0,
    byLength: [],
  };
  /** Entries whose checksum is wrong: as if they were not there. */
  torn = 0;

  /** Throws ERR_CHECKPOINT. */
  constructor(path: string, { readOnly, power }: StoreOptions) {
    this.path = resolve(path);
    try {
      // First, since LMDB ends the process where it meets a damaged page. Who writes it has locked it.
      if (readOnly || existsSync(this.path))
        checkFile(this.path, { power, isHeld: () => readOnly && isHeld(this.path), mayBeNew: !readOnly });
      const binary = { encoding: "binary", keyEncoding: "binary" } as const;
      this.#root = openLmdb({
        ...binary,
        path: this.path,
        noSubdir: true, // Else a name without an ending would be a folder.
        readOnly,
        noSync: !power,
        overlappingSync: power,
        maxDbs: 4,
        // Else a commit that fails ends the process: nobody has the promise of the group that a turn makes.
        eventTurnBatching: false,
      });
      this.#results = this.#root.openDB({ ...binary, name: "results" }) as Table;
      this.#used = this.#root.openDB({ ...binary, name: "used" }) as Table;
      this.#apps = this.#root.openDB({ ...binary, name: "apps" }) as Table;
      if ([this.#results, this.#used, this.#apps].includes(undefined as never)) throw new Error("it has no results");
    } catch (cause) {
      throw cannotOpen(this.path, cause);
    }
  }

  /** The encoded result, or null: it is not there, or it is older than `ttlMs`. */
  get(key: Buffer, ttlMs: number): Uint8Array | null {
    return this.peek(key, ttlMs)?.slice() ?? null;
  }

  /** As `get`, in memory that the next call for this store overwrites. */
  peek(key: Buffer, ttlMs: number): Uint8Array | null {
    const found = this.#results.getBinaryFast(key);
    if (found === undefined) return null;
    const entry = bufferOf(found);
    const { checked, result } = this.#viewsOf(entry);
    if (entry.length < HEADER || entry.readUInt32LE(4) !== FORM || crc32(checked) !== entry.readUInt32LE(0)) {
      this.torn++;
      return null;
    }
    if (ttlMs !== Number.POSITIVE_INFINITY && Date.now() - entry.readDoubleLE(8) > ttlMs) return null;
    return result;
  }

  // LMDB gives small entries in the same memory each time: views of it are made once, since they cost more than to read them.
  #viewsOf(entry: Buffer): Views {
    const { buffer, byteOffset, length } = entry;
    if (length > VIEWS_MAX) return viewsOf(entry);
    if (buffer !== this.#viewed.buffer || byteOffset !== this.#viewed.byteOffset)
      this.#viewed = { buffer, byteOffset, byLength: [] };
    const { byLength } = this.#viewed;
    byLength[length] ??= viewsOf(entry);
    return byLength[length];
  }

  /**
   * The last entry before `first`, and the first ones from there on, without `last`; as `get` gives them.
   *
   * @returns `reached`: the last key that was looked at, where there were `limit`; null: there are no more.
   */
  scan(first: Buffer, last: Buffer, ttlMs: number, limit: number): Scanned<Buffer> {
    const keys: Buffer[] = []; // Copies: LMDB gives each in the same memory.
    for (const key of this.#results.getKeys({ start: first, reverse: true, limit: 1 })) keys.push(Buffer.from(key));
    for (const key of this.#results.getKeys({ start: first, end: last, limit }))
      if (keys[0]?.equals(key) !== true) keys.push(Buffer.from(key));
    const entries = keys.flatMap((key) => {
      const entry = this.get(key, ttlMs);
      return entry === null ? [] : [{ key, entry }];
    });
    return { entries, reached: keys.length >= limit ? (keys.at(-1) ?? null) : null };
  }

  /** Resolves once it survives the end of this process; with `power`, once it is on the disk. */
  async put(key: Buffer, result: Uint8Array): Promise<void> {
    const entry = Buffer.allocUnsafe(HEADER + result.length);
    entry.writeUInt32LE(FORM, 4);
    entry.writeDoubleLE(Date.now(), 8);
    entry.set(result, HEADER);
    entry.writeUInt32LE(crc32(entry.subarray(4)), 0);
    await this.#results.put(key, entry).catch(throwCause);
  }

  /** Names what keys begin with. */
  async name(prefix: Buffer, app: string, version: string): Promise<void> {
    await this.#apps.put(prefix, Buffer.from(JSON.stringify({ app, version }))).catch(throwCause);
  }

  /** How many results there are of each version of an app, each counted up to `limit`. */
  *versionsOf(app: string, limit: number): Generator<{ version: string; results: number }> {
    for (const { key, value } of this.#apps.getRange()) {
      const named = JSON.parse(value.toString()) as { app: string; version: string };
      if (named.app !== app) continue;
      const start = Buffer.from(key);
      const end = Buffer.concat([start, Buffer.alloc(64, 0xff)]);
      yield { version: named.version, results: this.#results.getKeysCount({ start, end, limit }) };
    }
  }

  /** Keys that were asked for until now. */
  async touch(keys: readonly Buffer[]): Promise<void> {
    const now = Buffer.allocUnsafe(8);
    now.writeDoubleLE(Date.now());
    const writes = new Set<Promise<boolean>>(); // Few: those of one commit share one.
    for (const key of keys) writes.add(this.#used.put(key, now));
    await committed(writes);
  }

  *list(): Generator<StoredResult> {
    const names = new Map<string, { app: string; version: string }>();
    for (const { key, value } of this.#apps.getRange())
      names.set(Buffer.from(key).toString("latin1"), JSON.parse(value.toString()) as { app: string; version: string });
    for (const { key, value } of this.#results.getRange()) {
      const own = Buffer.from(key);
      const { app, version } = names.get(own.subarray(0, 16).toString("latin1")) ?? { app: "?", version: "?" };
      const made = bufferOf(value).readDoubleLE(8);
      const used = this.#used.get(own)?.readDoubleLE(0) ?? made;
      yield { key: own, app, version, bytes: value.length - HEADER, made, used: Math.max(made, used) };
    }
  }

  /** Bytes that the tables take; the file may be larger. */
  bytes(): number {
    const pages = [this.#results, this.#used, this.#apps].map((table) => {
      const stats = table.getStats() as Record<string, number>;
      return ["treeBranchPageCount", "treeLeafPageCount", "overflowPages"].reduce(
        (sum, name) => sum + (stats[name] ?? 0),
        0,
      );
    });
    const { pageSize = 4_096 } = this.#root.getStats() as Record<string, number>;
    return pageSize * pages.reduce((a, b) => a + b, 0);
  }

  async remove(keys: Iterable<Buffer>): Promise<void> {
    const writes = new Set<Promise<boolean>>();
    for (const key of keys) writes.add(this.#used.remove(key)).add(this.#results.remove(key));
    await committed(writes);
  }

  /** Everything that was put is on the disk. */
  async synced(): Promise<void> {
    await this.#root.flushed;
  }

  /** Writes a copy without free pages. */
  async compactTo(path: string): Promise<void> {
    await this.#root.backup(path, true);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

function viewsOf({ buffer, byteOffset, length }: Buffer): Views {
  const from = (start: number): Uint8Array => new Uint8Array(buffer, byteOffset + start, Math.max(0, length - start));
  return length < HEADER ? { checked: from(0), result: from(0) } : { checked: from(4), result: from(HEADER) };
}

/** Watches each: one that fails and that nobody awaits ends the process. */
async function committed(writes: Iterable<Promise<boolean>>): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find((one) => one.status === "rejected");
  if (failed !== undefined) await throwCause(failed.reason);
}

/** Throws what the system said of a commit that failed, instead of lmdb's word that there is something. */
async function throwCause(reason: unknown): Promise<never> {
  const { commitError } = reason as { commitError?: Promise<never> };
  if (commitError === undefined) throw reason;
  const told = new AbortController();
  const late = sleep(CAUSE_MS, reason, told).catch(() => reason);
  const cause = await Promise.race([commitError.catch((error: unknown) => error), late]);
  told.abort();
  throw cause;
}

/** LMDB gives large entries as plain arrays of bytes, whatever its types say. */
function bufferOf(entry: Uint8Array): Buffer {
  return Buffer.isBuffer(entry) ? entry : Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
}

// Not an import: a program that is made into one file has no place for its native part.
function openLmdb(options: Record<string, unknown>): RootDatabase<Buffer, Buffer> {
  const { open } = createRequire(import.meta.url)("lmdb") as typeof import("lmdb");
  return open(options as never) as unknown as RootDatabase<Buffer, Buffer>;
}
