// What ranks of `heddle run -n` load: copies on the disk of their own node.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mpis } from "../helpers/mpi.ts";
import { cli, type Ended, repository, run } from "../helpers/run.ts";

let folder = "";
let disk = "";

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-program-")));
  disk = realpathSync(mkdtempSync(join(tmpdir(), "heddle-node-")));
});

afterEach(() => {
  for (const path of [folder, disk]) rmSync(path, { recursive: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const words = (mpi: string, file: string): string[] => [cli, "run", "-n", "2", "--workers", "1", "--mpi", mpi, file];

function ranks(mpi: string, file: string, env: Record<string, string | null> = {}): Promise<Ended> {
  return run([process.execPath, ...words(mpi, file)], { env: { TMPDIR: disk, HEDDLE_STAGE: null, ...env } });
}

// Tells, on rank 1, where all that it loaded came from.
const program = `
import { readFileSync } from "node:fs";
import { app, bashApp, run } from "heddle";
import pebble, { shape } from "pebble";
import old, { grain } from "old";
import { here } from "./lib/here.ts";

const asset: string = readFileSync(new URL("./asset.txt", import.meta.url), "utf8");
const tell = app("tell", async (a: string) => {
  const maps = readFileSync("/proc/self/maps", "utf8");
  return {
    a, here, url: import.meta.url, dirname: import.meta.dirname, main: process.argv[1], asset,
    packages: [pebble, shape, old.grain, grain],
    addons: [...new Set(maps.match(/\\S*heddle-stage\\S*\\.(node|so)$/gm))].sort(),
    line: /program.ts:\\d+/.exec(new Error("x").stack ?? "")?.[0],
  };
}, { target: { rank: 1 } });
const guardian = bashApp("guardian", "readlink /proc/$PPID/exe", { target: { rank: 1 } });

await run(async () => {
  const { stdout } = await guardian();
  console.log(JSON.stringify({ ...(await tell("x")), guardian: stdout.trim(), args: process.argv.slice(2) }));
});
`;

function writeProgram(): string {
  write("package.json", '{ "type": "module" }');
  write("asset.txt", "an asset");
  write("lib/here.ts", "export const here: string = import.meta.url;\n");
  write("node_modules/pebble/package.json", '{ "name": "pebble", "type": "module", "exports": "./in.js" }');
  write("node_modules/pebble/in.js", 'export default import.meta.url;\nexport const shape = "round";\n');
  write("node_modules/old/package.json", '{ "name": "old", "main": "main.js" }');
  write("node_modules/old/main.js", 'exports.grain = require("./grain.js") + __dirname;\n');
  write("node_modules/old/grain.js", 'module.exports = "sand of ";\n');
  return write("program.ts", program);
}

const url = (name: string): string => pathToFileURL(join(folder, name)).href;

test.each(mpis)("ranks of %s run copies on their node, which know where they come from", async (mpi) => {
  const file = writeProgram();
  const { code, stdout, stderr } = await ranks(mpi, file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const seen = JSON.parse(stdout);
  const sand = `sand of ${join(folder, "node_modules/old")}`;
  expect(seen).toMatchObject({
    a: "x",
    here: url("lib/here.ts"),
    url: url("program.ts"),
    dirname: folder,
    main: file,
    asset: "an asset",
    packages: [url("node_modules/pebble/in.js"), "round", sand, sand],
    line: expect.stringContaining("program.ts:"),
    args: [],
  });
  const [copy] = copies();
  expect(seen.addons).toEqual(
    ["heddle.node", `heddle-mpi-${mpi}.so`, "msgpackr-extract.node"].map((name) => join(copy as string, name)).sort(),
  );
  expect(seen.guardian).toBe(join(copy as string, "heddle-guardian"));
});

/** Folders of copies on the disk of the node. */
function copies(): string[] {
  const base = join(disk, `heddle-stage-${process.getuid?.()}`);
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .filter((name) => !name.endsWith(".lock"))
    .map((name) => join(base, name));
}

test("what is there is used again; what changed is copied anew", async () => {
  const file = writeProgram();
  await ranks("mpich", file);
  const first = copies();
  await ranks("mpich", file);
  expect(copies()).toEqual(first);
  write("lib/here.ts", 'export const here = "elsewhere";\n');
  expect(JSON.parse((await ranks("mpich", file)).stdout).here).toBe("elsewhere");
  expect(copies()).toHaveLength(2);
});

test("a rank whose node has no use for copies runs the shared files, and says so", async () => {
  const file = writeProgram();
  mkdirSync(join(disk, `heddle-stage-${process.getuid?.()}`), { mode: 0o777 });
  const { code, stdout, stderr } = await run(
    ["sh", "-c", `chmod 777 ${disk}/heddle-stage-* && exec "$@"`, "sh", process.execPath, ...words("mpich", file)],
    { env: { TMPDIR: disk } },
  );
  expect(code).toBe(0);
  expect(stderr).toContain("without a copy on its node");
  expect(JSON.parse(stdout)).toMatchObject({ url: url("program.ts"), main: file });
});

test.each([
  [
    "its name is computed",
    'const late = new URL("./late.mjs", import.meta.url).href; await import(late);\n',
    "imports a module whose name is computed",
  ],
  ["start() loads modules", 'import { start } from "heddle"; if (false) await start({ apps: [] });\n', "calls start()"],
])("where a module cannot be copied because %s, ranks load as before, and a line says why", async (_, line, why) => {
  const file = writeProgram();
  write("late.mjs", "export {};\n");
  writeFileSync(file, line + program);
  const { code, stderr } = await ranks("mpich", file);
  expect(stderr).toContain("ranks load the program file by file");
  expect(stderr).toContain(why);
  expect(code).toBe(0);
  expect(copies()).toEqual([]);
});

test("a package that finds its modules at run time stays where it is, and works", async () => {
  const file = writeProgram();
  write("node_modules/old/main.js", 'const name = "./grain.js"; exports.grain = require(name) + __filename;\n');
  const { stdout, stderr } = await ranks("mpich", file);
  expect(stderr).toBe("");
  const sand = `sand of ${join(folder, "node_modules/old/main.js")}`;
  expect(JSON.parse(stdout).packages).toEqual([url("node_modules/pebble/in.js"), "round", sand, sand]);
  expect(copies()).toHaveLength(1);
});

test("a package that uses heddle itself cannot be copied", async () => {
  const file = writeProgram();
  const manifest = { name: "old", main: "main.js", peerDependencies: { heddle: "*" } };
  write("node_modules/old/package.json", JSON.stringify(manifest));
  write("node_modules/old/main.js", 'const name = "./grain.js"; exports.grain = require(name);\n');
  const { code, stderr } = await ranks("mpich", file);
  expect(stderr).toContain("uses heddle and must be loaded from where it lies");
  expect(code).toBe(0);
});

test("a mistake in the program is told as ever", async () => {
  const { code, stderr } = await ranks("mpich", write("program.ts", "let x: number = ;\n"));
  expect(code).toBe(1);
  expect(stderr).toMatch(/ERR_PROGRAM[\s\S]*does not compile:[\s\S]*program\.ts:1:16/);
});

test("ranks open nothing of the program or of Heddle but their copies", async () => {
  const file = writeProgram();
  await ranks("mpich", file);
  const [name] = copies().map((copy) => basename(copy));
  const shared = join(folder, ".heddle", name as string, "program.mjs");
  const keeper = [join(repository, "build/Release/heddle-guardian"), "--rank", "--stage", `${dirname(shared)}.pack`];
  const trace = join(disk, "trace");
  mkdirSync(trace);
  const strace = ["strace", "-ff", "-s", "4096", "-e", "trace=open,openat", "-o", join(trace, "t")];
  const started = ["mpiexec.mpich", "-n", "2", ...keeper, shared, process.execPath, shared];
  expect(await run([...strace, ...started], { env: { TMPDIR: disk } })).toMatchObject({ code: 0, stderr: "" });
  const text = readdirSync(trace).map((one) => readFileSync(join(trace, one), "utf8"));
  const opened = [...text.join("\n").matchAll(/^open\w*\((?:AT_FDCWD, )?"([^"]*)"/gm)].map(
    ([, path]) => path as string,
  );
  expect(opened).toContain(join(copies()[0] as string, "program.mjs"));
  const asset = join(folder, "asset.txt"); // The program reads it.
  const others = opened.filter((path) => path.startsWith(folder) || path.startsWith(repository));
  expect(others.filter((path) => path !== asset)).toEqual([]);
});
