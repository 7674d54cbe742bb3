import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeRunDirectory } from "./run-directory.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-runs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("runs are numbered, and the latest has a link", () => {
  const parent = join(folder, "deep", "runs");
  expect(makeRunDirectory(parent)).toBe(join(parent, "000"));
  mkdirSync(join(parent, "041"));
  mkdirSync(join(parent, "999-kept"));
  expect(makeRunDirectory(parent)).toBe(join(parent, "042"));
  expect(readlinkSync(join(parent, "latest"))).toBe("042");
  mkdirSync(join(parent, "999"));
  expect(makeRunDirectory(parent)).toBe(join(parent, "1000"));
});

test("a folder where the link would be stays", () => {
  mkdirSync(join(folder, "latest", "mine"), { recursive: true });
  expect(makeRunDirectory(folder)).toBe(join(folder, "000"));
});

test("where none can be made the error names the place and the way out", () => {
  writeFileSync(join(folder, "file"), "");
  const wrong = (): unknown => makeRunDirectory(join(folder, "file"));
  expect(wrong).toThrow(`run directory in ${join(folder, "file")} cannot be made`);
  expect(wrong).toThrow("HEDDLE_RUN_DIR");
});
