import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../compile/bundle.ts";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import { madeOf } from "./original.ts";
import { versionOf } from "./version.ts";

const files = {
  "package.json": '{"type":"module"}',
  "legacy.cjs": "module.exports = (x) => x; module.exports.part = (x) => x;",
  "other.js": `import { basename, join } from "node:path";
import * as path from "node:path";
export const other = () => join(basename("a"), path.sep);`,
  "lib.js": `import { join } from "node:path";
export const helper = (x) => join("lib", x);
export default function twice(x) { return 2 * x; }`,
  "program.js": `import { join } from "node:path";
import * as path from "node:path";
import old, { part } from "./legacy.cjs";
import * as lib from "./lib.js";
import dbl, { helper as h } from "./lib.js";
import { other } from "./other.js";
export { other };
export const place = async (a, { deep, ...rest }) => {
  const inner = (x) => join(a, x, import.meta.url); // Of a module.
  const join5 = { join, path, h };
  for (const twice of [...path.sep, ...rest.twice]) join5.join(\`\${h(twice)} join \${dbl(deep)}\`, "helper(join)");
  return inner(h(path.basename(a))) + old(part("q")) + lib.helper("r") + lib?.helper(a?.helper);
};`,
};

let folder: string;
let made: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-original-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  made = join(folder, "made.mjs");
  writeFileSync(made, (await bundle(join(folder, "program.js"))).code);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of the function `place`, as the file has it. */
function sourceIn(file: string): string {
  const text = readFileSync(file, "utf8");
  const start = text.indexOf("place = ") + "place = ".length;
  return text.slice(start, text.indexOf("\n};", start) + 2);
}
const versionOfText = (source: string): string =>
  versionOf({
    ...{ name: "a", kind: "js", fn: () => {}, returns: null, walltimeMs: 0, placement: ANYWHERE, command: null },
    ...{ placeholders: null, native: null, isolated: false, source },
  } satisfies AppDefinition);

test("a function of a program that was made into one file has the version that it has in its own file", () => {
  const [own, bundled] = [sourceIn(join(folder, "program.js")), sourceIn(made)];
  expect(versionOfText(bundled)).not.toBe(versionOfText(own));
  const original = madeOf(made)?.original(bundled);
  expect(versionOfText(original as string)).toBe(versionOfText(own));
});

test("a function that is not in the file, and a file that was not made, are left as they are", () => {
  expect(madeOf(made)?.original("(x) => elsewhere(x)")).toBe(null);
  expect([madeOf(join(folder, "lib.js")), madeOf(join(folder, "missing.js"))]).toEqual([null, null]);
});
