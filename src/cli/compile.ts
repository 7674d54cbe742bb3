/**
 * Makes a program file ready for plain Node.js: its TypeScript, and every local file it imports, become one JavaScript
 * file with a source map. Packages stay outside, under the address where the program would have found them, and
 * "heddle" is always the package that this file belongs to.
 *
 * The result lies in a folder `.heddle` beside the program (every node that sees the program sees it too), or in this
 * user's cache. Beside it lies a list of all it was made from, with hashes: as long as they hold nothing is compiled. So
 * one rank can compile while the others wait for a list that holds, and load the same file.
 */

import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../errors.ts";
import { packageRoot } from "../native/load.ts";
import { bundle } from "./bundle.ts";

/** Written beside each compiled file. */
interface Manifest {
  /** File to SHA-256 of its content; `null`: only that it exists matters. */
  inputs: Record<string, string | null>;
  output: string;
}

export interface CompileOptions {
  /** False: another process compiles; wait for it. */
  compile: boolean;
  /** How long to wait, ms. */
  waitMs: number;
}

const typescript = new Set([".ts", ".mts", ".cts", ".tsx", ".jsx"]);
const keptMs = 7 * 24 * 3_600_000; // A program that runs may still load the file of an older version.
const pollMs = 25; // Other nodes write the file: no event tells of it.

/** The file that Node.js should load for this program: itself, or what it was compiled into. Absolute. */
export async function prepareProgram(program: string, options: CompileOptions): Promise<string> {
  const file = locate(program);
  if (!typescript.has(extname(file)) && findsThisPackage(file)) return file;
  const folders = cacheFolders(file);
  const deadline = Date.now() + options.waitMs;
  for (;;) {
    const ready = folders.map((folder) => readyOutput(manifestPath(folder, file))).find((output) => output !== null);
    if (ready !== undefined) return ready;
    if (options.compile) return await compile(file, folders);
    if (Date.now() > deadline) throw neverCompiled(file, options.waitMs);
    await sleep(pollMs);
  }
}

function locate(program: string): string {
  const file = resolve(program);
  if (existsSync(file)) return realpathSync(file);
  const near = [".ts", ".js", ".mts", ".mjs"].map((ending) => file + ending).find(existsSync);
  const hint = near === undefined ? `the working directory is ${process.cwd()}` : `did you mean ${near}?`;
  throw new HeddleError("ERR_PROGRAM", `There is no program file ${file}.`, hint);
}

/** Would `import "heddle"` in this file lead to this very package? */
function findsThisPackage(file: string): boolean {
  try {
    const found = createRequire(file).resolve("heddle/package.json");
    return realpathSync(dirname(found)) === realpathSync(packageRoot);
  } catch {
    return false;
  }
}

/** Where compiled programs may lie, best first. */
function cacheFolders(file: string): string[] {
  const home = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return [
    join(dirname(file), ".heddle"),
    join(home, "heddle", "programs"),
    join(tmpdir(), `heddle-${process.getuid?.()}`),
  ];
}

function manifestPath(folder: string, file: string): string {
  // Not among the inputs, but the output depends on it: which package compiles, which version of it, under what Node.js.
  const made = readFileSync(join(packageRoot, "package.json"), "utf8");
  const key = hash(JSON.stringify([file, packageRoot, made, process.versions.node]));
  return join(folder, `${basename(file)}.${key.slice(0, 12)}.json`);
}

/** The compiled file, if everything it was made from is still the same. */
function readyOutput(manifestFile: string): string | null {
  try {
    const { inputs, output } = JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest;
    const holds = Object.entries(inputs).every(([input, digest]) =>
      digest === null ? existsSync(input) : hash(readFileSync(input)) === digest,
    );
    return holds && existsSync(output) ? output : null;
  } catch {
    return null; // None yet, or one that is being replaced.
  }
}

async function compile(file: string, folders: string[]): Promise<string> {
  const { code, inputs, packages } = await bundle(file);
  const hashes: Record<string, string | null> = {};
  for (const input of inputs) hashes[input] = hash(readFileSync(input));
  for (const path of packages) hashes[path] = null;
  const failures: string[] = [];
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      accessSync(folder, constants.W_OK);
      const output = join(folder, `${basename(file, extname(file))}.${hash(code).slice(0, 12)}.mjs`);
      writeWhole(output, code);
      writeWhole(manifestPath(folder, file), JSON.stringify({ inputs: hashes, output } satisfies Manifest));
      removeOld(folder, `${basename(file, extname(file))}.`, output);
      return output;
    } catch (error) {
      failures.push(String(error));
    }
  }
  const hint = "make the program's folder writable, or set XDG_CACHE_HOME to a folder that is";
  throw new HeddleError("ERR_PROGRAM", `Nowhere to write the compiled program: ${failures.join("; ")}`, hint);
}

/** Removes what earlier versions of the program were compiled into. */
function removeOld(folder: string, prefix: string, keep: string): void {
  for (const name of readdirSync(folder).filter((one) => one.startsWith(prefix) && one.endsWith(".mjs"))) {
    const path = join(folder, name);
    if (path === keep) continue;
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > keptMs) rmSync(path, { force: true });
  }
}

// Readers see the old file or the new one, never a part.
function writeWhole(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

function hash(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function neverCompiled(file: string, waitMs: number): HeddleError {
  return new HeddleError(
    "ERR_PROGRAM",
    `Rank 0 compiles ${file}, but its output did not appear here within ${waitMs / 1000} s.`,
    "put the program on a file system that every node sees",
  );
}
