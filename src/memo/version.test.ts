import { expect, test } from "vitest";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
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
