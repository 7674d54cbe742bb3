/**
 * Whether an LMDB file is whole, found before LMDB maps it into memory: there a damaged page ends the process without a word.
 *
 * A file begins with two meta pages; the newer one names the trees of tables. All pages of all trees are looked at: that they are where the file says,
 * and that nothing in them points outside. What stands in entries is not: they have a checksum each. The layout is that of the package `lmdb`, version 2 of
 * its data; a page begins with its number (u64), its transaction (u64), 2 bytes, flags (u16), and the bounds of its free space (u16 each, or the number of pages
 * of a large value as u32).
 */

import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { type Page, PageFile } from "./pages.ts";

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const PAGE_HEADER = 24;
const NODE_HEADER = 8;
const META_BYTES = PAGE_HEADER + 144;
const TREE_BYTES = 48;
const FLUSHED_LATER = 0x1000; // Of a tree of a file that is synced: it may not be on the disk yet.
const NO_PAGE = 2 ** 64;

const page = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
const node = { large: 1, tree: 2 } as const;

interface Tree {
  name: "free" | "names" | "table";
  depth: number;
  entries: number;
  root: number;
}

interface Meta {
  pageSize: number;
  free: Tree;
  names: Tree;
  flushedLater: boolean;
  lastPage: number;
  transaction: number;
  boot: bigint;
}

/** What is wrong with the file. */
export class Damage extends Error {
  /** It was never a checkpoint. */
  readonly foreign: boolean;

  constructor(message: string, foreign = false) {
    super(message);
    this.foreign = foreign;
  }
}

export interface Look {
  /** It will be written with syncs: then LMDB goes back to what was synced, where the machine was started again. */
  power: boolean;
  /** Does a process write it now? Then pages change while they are looked at, and the meta pages alone count. */
  isHeld: () => boolean;
  /** An empty file will do. */
  mayBeNew: boolean;
}

/** Throws Damage, or what opening a file throws. */
export function checkFile(path: string, { power, isHeld, mayBeNew }: Look): void {
  const fd = openSync(path, "r");
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new Damage("it is a folder", true);
    if (stat.size === 0 && mayBeNew) return;
    if (stat.size === 0) throw new Damage("it is empty", true);
    const file = new PageFile(fd, stat.size);
    const meta = newest(file, power);
    if (meta === null || isHeld()) return;
    try {
      new Check(file, meta).all();
    } catch (error) {
      const isWritten = (): boolean => newest(file, power)?.transaction !== meta.transaction || isHeld();
      if (!(error instanceof Damage) || !isWritten()) throw error;
    }
  } finally {
    closeSync(fd);
  }
}

/** The meta page that LMDB will go by; null: none is written to the end, and nothing can be said. */
function newest(file: PageFile, power: boolean): Meta | null {
  const first = metaAt(file, 0);
  const second = metaAt(file, first.pageSize);
  const latest = first.transaction >= second.transaction ? first : second;
  if (!power || !latest.flushedLater || latest.boot === bootId()) return latest;
  const flushed = metaAt(file, first.pageSize / 2, true);
  return flushed.transaction === 0 ? null : flushed;
}

function metaAt(file: PageFile, at: number, mayBeEmpty = false): Meta {
  const bytes = file.bytes(at, META_BYTES);
  if (bytes === null) throw at === 0 ? notOurs(file.bytes(0, Math.min(16, file.size)) as Uint8Array) : cutShort(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const big = (offset: number): number => Number(view.getBigUint64(offset, true));
  const version = view.getUint32(28, true) & 0xffff;
  const pageSize = view.getUint32(48, true);
  if (!mayBeEmpty) {
    if (view.getUint32(24, true) !== MAGIC) throw at === 0 ? notOurs(bytes.subarray(0, 16)) : damaged(1);
    if (version !== VERSION)
      throw new Damage(`it is an LMDB file of version ${version}; that of checkpoints is ${VERSION}`, true);
    if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) throw damaged(at === 0 ? 0 : 1);
  }
  return {
    pageSize,
    free: treeIn(view, 48, "free"),
    names: treeIn(view, 96, "names"),
    flushedLater: (view.getUint16(52, true) & FLUSHED_LATER) !== 0,
    lastPage: big(144),
    transaction: big(152),
    boot: view.getBigInt64(160, true),
  };
}

function notOurs(start: Uint8Array): Damage {
  const text = Buffer.from(start).toString("latin1");
  const shown = /^[\t\n\r -~]+$/.test(text) ? JSON.stringify(text) : `the bytes ${Buffer.from(start).toString("hex")}`;
  return new Damage(`it is no checkpoint, or its first page is damaged: it begins with ${shown}`, true);
}

function cutShort({ size }: PageFile): Damage {
  return new Damage(`it ends after ${size} bytes, and is longer by what stands in it`);
}

function treeIn(view: DataView, at: number, name: Tree["name"]): Tree {
  const big = (offset: number): number => Number(view.getBigUint64(at + offset, true));
  return { name, depth: view.getUint16(at + 6, true), entries: big(32), root: big(40) };
}

/** As LMDB reads it: what comes before the first dash. */
function bootId(): bigint {
  try {
    return BigInt.asIntN(64, BigInt(`0x${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").split("-")[0]}`));
  } catch {
    return 0n;
  }
}

/** All trees of a file, and its free pages. */
class Check {
  readonly #file: PageFile;
  readonly #meta: Meta;
  /** By number of the page: 1, it is in use. */
  readonly #used: Uint8Array;
  readonly #tables: Tree[] = [];
  readonly #freeLists: { at: number; length: number }[] = [];

  constructor(file: PageFile, meta: Meta) {
    const { lastPage, pageSize } = meta;
    // The last pages may be free ones that were never written, but not many.
    if (lastPage > 2 * (file.size / pageSize) + 65_536) throw cutShort(file);
    this.#file = file;
    this.#meta = meta;
    this.#used = new Uint8Array(lastPage + 1);
    this.#used.fill(1, 0, 2);
  }

  all(): void {
    this.#walk(this.#meta.names);
    for (const table of this.#tables) this.#walk(table);
    this.#walk(this.#meta.free);
    for (const list of this.#freeLists) this.#freeList(list);
  }

  #walk(tree: Tree): void {
    if (tree.root >= NO_PAGE) return;
    let level = [tree.root];
    let entries = 0;
    this.#use(tree.root, 1);
    for (let depth = tree.depth; depth > 0; depth--) {
      const below: number[] = [];
      this.#file.each(level, this.#meta.pageSize, (one) => {
        this.#bounds(one, depth > 1 ? page.branch : page.leaf);
        if (depth > 1) this.#branch(one, below);
        else entries += this.#leaf(one, tree);
      });
      level = below.sort((a, b) => a - b);
    }
    if (entries !== tree.entries) throw new Damage(`a table has ${entries} entries, and should have ${tree.entries}`);
  }

  #use(first: number, count: number): void {
    const { lastPage, pageSize } = this.#meta;
    if (first + count - 1 > lastPage) throw new Damage(`page ${first} of ${lastPage + 1} is named in it`);
    if ((first + count) * pageSize > this.#file.size) throw cutShort(this.#file);
    for (let k = first; k < first + count; k++) {
      if (this.#used[k] !== 0) throw new Damage(`page ${k} is used twice`);
      this.#used[k] = 1;
    }
  }

  #bounds({ number, u16, u32, at }: Page, flags: number): void {
    const [own, high, kind] = [u32[at / 4], u32[at / 4 + 1], u16[at / 2 + 9]];
    const [lower = 0, upper = 0] = u16.subarray(at / 2 + 10, at / 2 + 12);
    const room = this.#meta.pageSize - PAGE_HEADER;
    this.#before(u32[at / 4 + 2] as number, u32[at / 4 + 3] as number, number);
    if (own !== number || high !== 0 || kind !== flags || lower % 2 !== 0 || lower > upper || upper > room)
      throw damaged(number);
  }

  /** LMDB takes a page of a later transaction for one that it holds in memory. */
  #before(low: number, high: number, number: number): void {
    if (low + high * 2 ** 32 > this.#meta.transaction) throw damaged(number);
  }

  #branch({ number, u16, at }: Page, below: number[]): void {
    const count = (u16[at / 2 + 10] as number) / 2;
    if (count === 0) throw damaged(number);
    for (let k = 0; k < count; k++) {
      const start = this.#node(u16, at, k, number);
      const child = u16[start] as number;
      const whole = child + (u16[start + 1] as number) * 2 ** 16 + (u16[start + 2] as number) * 2 ** 32;
      if (NODE_HEADER + (u16[start + 3] as number) > at + this.#meta.pageSize - 2 * start) throw damaged(number);
      this.#use(whole, 1);
      below.push(whole);
    }
  }

  /** Where a node begins, in units of 2 bytes. */
  #node(u16: Uint16Array, at: number, k: number, number: number): number {
    const pointer = u16[(at + PAGE_HEADER) / 2 + k] as number;
    const upper = u16[at / 2 + 11] as number;
    if (pointer % 2 !== 0 || pointer < upper || pointer + NODE_HEADER > this.#meta.pageSize - PAGE_HEADER)
      throw damaged(number);
    return (at + PAGE_HEADER + pointer) / 2;
  }

  #leaf(one: Page, tree: Tree): number {
    const { number, u16, at } = one;
    const count = (u16[at / 2 + 10] as number) / 2;
    let filled = (u16[at / 2 + 11] as number) + PAGE_HEADER;
    for (let k = 0; k < count; k++) {
      const start = this.#node(u16, at, k, number);
      const length = (u16[start] as number) + (u16[start + 1] as number) * 2 ** 16;
      const flags = u16[start + 2] as number;
      const data = 2 * start + NODE_HEADER + (u16[start + 3] as number);
      const end = data + (flags === node.large ? 24 : length);
      if (end > at + this.#meta.pageSize) throw damaged(number);
      filled += end - 2 * start + (end % 2);
      if (flags > node.tree || (flags === node.tree && (tree.name !== "names" || length !== TREE_BYTES)))
        throw damaged(number);
      if (flags === 0 && tree.name === "table") continue; // Nearly all of them.
      this.#value(one, tree, flags, data, length);
    }
    if (filled !== this.#meta.pageSize) throw damaged(number); // Entries overlap.
    return count;
  }

  #value({ number, u16, at }: Page, tree: Tree, flags: number, data: number, length: number): void {
    const view = new DataView(u16.buffer, data, Math.min(TREE_BYTES, at + this.#meta.pageSize - data));
    if (flags === node.tree) this.#tables.push(treeIn(view, 0, "table"));
    let where = number * this.#meta.pageSize + data - at;
    if (flags === node.large) {
      const [first, pages] = [Number(view.getBigUint64(0, true)), Number(view.getBigUint64(16, true))];
      if (pages !== Math.floor((PAGE_HEADER - 1 + length) / this.#meta.pageSize) + 1) throw damaged(number);
      this.#use(first, pages);
      this.#large(first, pages);
      where = first * this.#meta.pageSize + PAGE_HEADER;
    }
    if (tree.name === "free") this.#freeLists.push({ at: where, length });
  }

  #large(first: number, pages: number): void {
    const bytes = this.#file.bytes(first * this.#meta.pageSize, PAGE_HEADER) as Uint8Array;
    const view = new DataView(bytes.buffer, bytes.byteOffset, PAGE_HEADER);
    const own = Number(view.getBigUint64(0, true));
    this.#before(view.getUint32(8, true), view.getUint32(12, true), first);
    if (own !== first || view.getUint16(18, true) !== page.overflow || view.getUint32(20, true) !== pages)
      throw damaged(first);
  }

  /** Their number, and numbers of pages; one below zero says how many the next one is the first of. */
  #freeList({ at, length }: { at: number; length: number }): void {
    const bytes = this.#file.bytes(at, length);
    if (bytes === null || length < 8) throw damaged(Math.floor(at / this.#meta.pageSize));
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    const count = Number(view.getBigInt64(0, true));
    if (count < 0 || 8 * (count + 1) > length) throw damaged(Math.floor(at / this.#meta.pageSize));
    for (let k = 1; k <= count; k++) {
      const entry = Number(view.getBigInt64(8 * k, true));
      if (entry === 0) continue;
      const pages = entry > 0 ? 1 : -entry;
      const first = entry > 0 ? entry : k < count ? Number(view.getBigInt64(8 * ++k, true)) : -1;
      if (first < 2 || first + pages - 1 > this.#meta.lastPage) throw new Damage("its list of free pages is damaged");
      for (let p = first; p < first + pages; p++)
        if (this.#used[p] !== 0) throw new Damage(`page ${p} is in use, and in the list of free pages`);
    }
  }
}

function damaged(number: number): Damage {
  return new Damage(`page ${number} is damaged`);
}
