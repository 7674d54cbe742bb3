import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { file } from "./file.ts";
import { type StagingProvider, stagingProvider } from "./provider.ts";
import { defaultStaging } from "./settings.ts";
import { Stager } from "./stager.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-stager-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A server in memory, which cannot tell two contents of one size apart. */
const kept = new Map<string, string>();
const memory: StagingProvider = {
  name: "memory",
  schemes: ["memory"],
  async download({ pathname }, { path, began }) {
    const text = kept.get(pathname) as string;
    began(`${text.length}`, 0, text.length);
    writeFileSync(path, text);
  },
  async upload(path, { pathname }) {
    kept.set(pathname, readFileSync(path, "utf8"));
  },
  version: async ({ pathname }) => `${kept.get(pathname)?.length}`,
};

let cache = "";
beforeEach(() => {
  stagingProvider(memory);
  kept.clear();
  cache = mkdtempSync(join(folder, "cache-"));
});

const stagerWith = (changes: object = {}): Stager =>
  new Stager({ ...defaultStaging(), cache, retries: 2, backoffMs: 1, ...changes });

test("what the program wrote again is fetched again, though the server tells no difference", async () => {
  const there = file("memory://host/data");
  const stager = stagerWith();
  kept.set("/data", "old");
  expect(readFileSync(await stager.stageIn(there), "utf8")).toBe("old");
  kept.set("/data", "new");
  const path = await stager.stageIn(there, 1);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(await stager.stageIn(there, 1)).toBe(path);
});

test("a file with an option that there is not is an error: a checksum by another name would never be checked", () => {
  const wrong = (): unknown => file("a", { sha: "1" } as never);
  expect(wrong).toThrow('file() has no option "sha".\n  fix: use sha256, size');
  expect(() => file("a", { sha265: "1" } as never)).toThrow("did you mean sha256?");
  expect(wrong).toThrow(expect.objectContaining({ code: "ERR_FILE" }));
});
