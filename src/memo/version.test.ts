import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Memo } from "./memo.ts";
import { versionOf } from "./version.ts";

const withSource = (source: string, version: string | null = null): AppDefinition => ({
  ...{ name: "a", kind: "js", fn: () => {}, returns: null, walltimeMs: 0, placement: ANYWHERE, command: null },
  ...{ placeholders: null, native: null, isolated: false, source },
  policy: { retries: null, cache: { ignore: [], version, key: null, files: "content" as const } },
});
const of = (source: string): string => versionOf(withSource(source));

test("comments, layout and names of variables make no difference, what is computed does", () => {
  const version = of("(x) => { /* twice */ const y = x * 2; return y + 'a b'; }");
  expect(of('(number)=>{const twice=number*2;return twice+"a b"}')).toBe(version);
  expect(version).toContain("export default");
  expect(of("(x) => { const y = x * 3; return y + 'a b'; }")).not.toBe(version);
  expect(of("(x) => { const y = x * 2; return y + 'a  b'; }")).not.toBe(version);
  expect(of("(x) => f(x)")).not.toBe(of("(x) => g(x)"));
});

test("what is no expression counts as it is, and the user's word is the last", () => {
  expect(of("method(x) { return x; }")).toBe("method(x) { return x; }");
  expect(versionOf(withSource("(x) => x", "7"))).toBe("7");
});

test("a function that makes a command counts like any other", () => {
  const command = (source: string): string => versionOf({ ...withSource(source), kind: "process" });
  expect(command("(path) => [/* words */ 'wc', path]")).toBe(command('(file)=>["wc",file]'));
  expect(versionOf({ ...withSource('["wc"]'), kind: "process", fn: null })).toBe('["wc"]');
});

test("an app whose kept results are all of other versions is told of, once, unless its version is the user's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-version-"));
  const store = new Checkpoint({
    ...{ mode: "task", path: join(folder, "kept.mdb"), periodMs: 1e6, loadFrom: [], durability: "process" },
    ...{ maxBytes: Number.POSITIVE_INFINITY, ttlMs: Number.POSITIVE_INFINITY },
  });
  const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const looks = (app: AppDefinition): unknown => new Memo(store, () => {}).rangesOf(app, null);
    looks(withSource("(x) => x"));
    for (const key of ["\0k", "\x02l"]) store.put("a", of("(x) => x"), key, new Uint8Array(3));
    store.put("b", of("(x) => x"), "\0k", new Uint8Array(3));
    await store.save();
    looks(withSource("(x) => x"));
    looks(withSource("(x) => 2 * x", "2"));
    expect(told).not.toHaveBeenCalled();
    const memo = new Memo(store, () => {});
    for (const source of ["(x) => 2 * x", "(x) => 3 * x"]) memo.rangesOf(withSource(source), null);
    expect(told.mock.calls).toEqual([[expect.stringContaining('app "a" has 2 kept results under other versions')]]);
  } finally {
    told.mockRestore();
    await store.close();
    rmSync(folder, { recursive: true });
  }
});
