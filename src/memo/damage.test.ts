import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkFile } from "./damage.ts";
import { Store } from "./store.ts";

let folder: string;
let whole: string;
let bytes: Buffer;

const look = { power: false, isHeld: () => false, mayBeNew: false };
const keyOf = (k: number): Buffer => Buffer.from(`app and version k${k}`.padEnd(40));

/** Three levels of pages, large values, a list of free pages. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-damage-"));
  whole = join(folder, "whole.mdb");
  const store = new Store(whole, { readOnly: false, power: false });
  await store.name(keyOf(0).subarray(0, 16), "app", "1");
  for (let k = 0; k < 3_000; k++) void store.put(keyOf(k), Buffer.alloc(k % 100 === 0 ? 20_000 : 20, k));
  await store.put(keyOf(3_000), Buffer.alloc(4));
  await store.remove(Array.from({ length: 1_500 }, (_, k) => keyOf(2 * k)));
  await store.put(keyOf(0), Buffer.alloc(4));
  await store.close();
  bytes = readFileSync(whole);
});
afterAll(() => rmSync(folder, { recursive: true }));

function damaged(change: (copy: Buffer) => Buffer): string {
  const path = join(folder, "damaged.mdb");
  writeFileSync(path, change(Buffer.from(bytes)));
  return path;
}

/** With bytes at a place instead of those that are there. */
function overwritten(at: number, length: number): string {
  return damaged((copy) => copy.fill(0xa5, at, at + length));
}

test("a whole file is taken, also one that was made small or is synced", async () => {
  checkFile(whole, look);
  const synced = join(folder, "synced.mdb");
  copyFileSync(whole, synced);
  const store = new Store(synced, { readOnly: false, power: true });
  await store.remove([keyOf(7)]);
  const small = join(folder, "small.mdb");
  await store.compactTo(small);
  await store.close();
  checkFile(synced, { ...look, power: true });
  checkFile(small, look);
  const again = new Store(small, { readOnly: true, power: false });
  expect([...again.list()].length).toBe(1_501);
  await again.close();
});

test("what is no checkpoint is not opened, and the error says how it begins", () => {
  const opened = (text: string): unknown => {
    const path = damaged(() => Buffer.from(text));
    return () => new Store(path, { readOnly: true, power: false });
  };
  const error = (message: string): unknown =>
    expect.objectContaining({ code: "ERR_CHECKPOINT", message: expect.stringContaining(message) });
  expect(opened("hello\n")).toThrow(
    error('damaged.mdb cannot be opened: it is no checkpoint, or its first page is damaged: it begins with "hello\\n"'),
  );
  expect(opened("x".repeat(100_000))).toThrow(error("it begins with"));
  expect(opened("")).toThrow(error("it is empty"));
  expect(() => new Store(folder, { readOnly: false, power: false })).toThrow(error("it is a folder"));
  const missing = join(folder, "missing.mdb");
  expect(() => new Store(missing, { readOnly: true, power: false })).toThrow(
    error("missing.mdb cannot be opened: there is no such file"),
  );
});

test("a file that is cut short, or whose first pages are damaged, is not opened", () => {
  for (const length of [100, 5_000, 20_000, bytes.length / 2])
    expect(() => checkFile(cut(length), look)).toThrow(/it ends after \d+ bytes|it is no checkpoint/);
  expect(() => checkFile(overwritten(0, 30), look)).toThrow("it is no checkpoint, or its first page is damaged");
  expect(() => checkFile(overwritten(4_096, 200), look)).toThrow("page 1 is damaged");
});

function cut(length: number): string {
  const path = damaged((copy) => copy);
  truncateSync(path, length);
  return path;
}

test("whichever page is overwritten, nothing is opened that would end the process", async () => {
  let found = 0;
  const pages = bytes.length / 4_096;
  for (let k = 2; k < pages; k += 9) {
    const path = overwritten(k * 4_096 + 8, 600);
    try {
      checkFile(path, look);
    } catch (error) {
      expect((error as Error).message).toMatch(/damaged|is named in it|used twice|in use|has \d+ entries|ends after/);
      found++;
      continue;
    }
    const store = new Store(path, { readOnly: false, power: false }); // It was free, or within a large value.
    const gone = [...store.list()].filter(({ key }) => store.get(key, Number.POSITIVE_INFINITY) === null);
    expect([[...store.list()].length, gone.length <= 1, store.torn]).toEqual([1_502, true, gone.length]);
    await store.remove([keyOf(1)]);
    await store.close();
  }
  expect(found).toBeGreaterThan(0); // How many pages are free differs from run to run.
});

test("a file that is being written is judged by its first pages alone", () => {
  const path = overwritten(3 * 4_096, bytes.length - 3 * 4_096);
  expect(() => checkFile(path, look)).toThrow();
  checkFile(path, { ...look, isHeld: () => true });
});
