import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { packageRoot } from "../native/load.ts";
import { prepareProgram } from "./compile.ts";

vi.setConfig({ testTimeout: 60_000 }); // Several processes each, perhaps on a busy machine.

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-compile-")));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const compile = (file: string): Promise<string> => prepareProgram(file, { compile: true, waitMs: 1_000 });
const node = (...args: string[]): string =>
  execFileSync(process.execPath, ["--enable-source-maps", ...args], { encoding: "utf8" });

test("TypeScript and its local imports become one file; each file still knows where it lies", async () => {
  write("lib/twice.ts", "export const twice = (n: number): number => 2 * n;\nexport const here = import.meta.url;\n");
  write("lib/old.cjs", "module.exports = { name: __filename };\n");
  const file = write(
    "main.ts",
    'import { twice, here } from "./lib/twice.js";\nimport old from "./lib/old.cjs";\n' +
      "const n: number = twice(21);\nconsole.log(JSON.stringify([n, here, import.meta.url, old.name, process.argv.slice(2)]));\n",
  );
  expect(JSON.parse(node(await compile(file), "--x"))).toEqual([
    42,
    pathToFileURL(join(folder, "lib/twice.ts")).href,
    pathToFileURL(file).href,
    join(folder, "lib/old.cjs"),
    ["--x"],
  ]);
});

test("packages stay outside, and `heddle` is this very package wherever the program lies", async () => {
  write(
    "node_modules/pebble/package.json",
    '{ "name": "pebble", "type": "module", "exports": { "import": "./in.js" } }',
  );
  write("node_modules/pebble/in.js", "export default import.meta.url;\n");
  const file = write(
    "main.ts",
    'import pebble from "pebble";\nimport * as heddle from "heddle";\nconsole.log(pebble, typeof heddle.run as string);\n',
  );
  const output = await compile(file);
  const code = readFileSync(output, "utf8");
  expect(code).toContain(pathToFileURL(join(folder, "node_modules/pebble/in.js")).href);
  expect(code).toContain(pathToFileURL(join(packageRoot, "dist/index.js")).href);
});

test("classes that speak of themselves keep their names", async () => {
  write(
    "other.mjs",
    "export class Mine extends Error { static of() { return new Mine(); } }\nexport class Plain extends Mine {}\n",
  );
  const file = write(
    "main.mjs",
    'import { Mine, Plain } from "./other.mjs";\nimport { DependencyError } from "heddle";\n' +
      "class Top {\n  static make() { return new Top(); }\n}\n" +
      "console.log(JSON.stringify([Mine, Plain, Top, DependencyError].map((one) => one.name)), Mine.of().constructor.name);\n",
  );
  expect(node(await compile(file))).toBe('["Mine","Plain","Top","DependencyError"] Mine\n');
});

test("a stack names the lines of the source", async () => {
  const file = write(
    "main.ts",
    'interface Long {\n  a: number;\n}\n\nconsole.log(new Error("x").stack);\nexport type { Long };\n',
  );
  expect(node(await compile(file))).toContain(`${file}:5:13`);
});

test("nothing is compiled twice, and a changed import is compiled again", async () => {
  const lib = write("lib.ts", "export const n: number = 1;\n");
  const file = write("main.ts", 'import { n } from "./lib.ts";\nconsole.log(n);\n');
  const first = await compile(file);
  expect(await prepareProgram(file, { compile: false, waitMs: 0 })).toBe(first);
  writeFileSync(lib, "export const n: number = 2;\n");
  const second = await compile(file);
  expect([node(first), node(second)]).toEqual(["1\n", "2\n"]);
});

test("what old versions were compiled into goes, but not what may still be running", async () => {
  const file = write("main.ts", "console.log(1);\n");
  const old = await compile(file);
  writeFileSync(file, "console.log(2);\n");
  const recent = await compile(file);
  utimesSync(old, 0, 0);
  writeFileSync(file, "console.log(3);\n");
  const now = await compile(file);
  expect([old, recent, now].map(existsSync)).toEqual([false, true, true]);
});

test("a rank that must not compile waits for the one that does", async () => {
  const file = write("main.ts", "console.log(1 as number);\n");
  const waiting = prepareProgram(file, { compile: false, waitMs: 20_000 });
  expect(await compile(file)).toBe(await waiting);
  rmSync(join(folder, ".heddle"), { recursive: true });
  const never = prepareProgram(file, { compile: false, waitMs: 0 });
  await expect(never).rejects.toThrow("put the program on a file system that every node sees");
});

test("JavaScript that finds this package is loaded as it is; other JavaScript is not", async () => {
  const inside = join(packageRoot, "dist", "errors.js");
  expect(await compile(inside)).toBe(realpathSync(inside));
  const outside = write("main.mjs", 'import "heddle";\n');
  expect(await compile(outside)).not.toBe(outside);
});

test("a mistake in the program is shown where it is", async () => {
  const file = write("main.ts", "let x: number = ;\n");
  await expect(compile(file)).rejects.toMatchObject({ code: "ERR_PROGRAM" });
  await expect(compile(file)).rejects.toThrow(/does not compile:[\s\S]*main\.ts:1:16/);
});

test("a program that is not there gets the name of the one that is", async () => {
  const file = write("main.ts", "");
  await expect(compile(join(folder, "main"))).rejects.toThrow(`did you mean ${file}?`);
});
