import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Store } from "./store.ts";

test("a checkpoint is one file, whatever its name, and results of every size come back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-store-"));
  const path = join(folder, "without-an-ending");
  const sizes = [0, 1, 2_000, 5_000, 70_000, 3_000_000, 80_000_000];
  const keyOf = (k: number): Buffer => Buffer.from(`0123456789abcdef${k}`);
  try {
    for (const round of ["written", "opened again"]) {
      const store = new Store(path, { readOnly: false, power: false });
      if (round === "written")
        for (const [k, size] of sizes.entries()) await store.put(keyOf(k), new Uint8Array(size).fill(k));
      for (const [k, size] of sizes.entries()) {
        const got = store.get(keyOf(k), Number.POSITIVE_INFINITY);
        expect([round, got?.length, got?.[size - 1]]).toEqual([round, size, size === 0 ? undefined : k]);
      }
      expect([...store.list()].map(({ bytes }) => bytes)).toEqual(sizes);
      await store.close();
    }
    expect(statSync(path).isFile()).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
