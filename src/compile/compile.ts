/**
 * Makes a program file ready for plain Node.js: its TypeScript, and every local file it imports, become one JavaScript
 * file with a source map. Packages stay outside, under the address where the program would have found them, and
 * "heddle" is always the package that this file belongs to.
 *
 * The result lies in a folder `.heddle` beside the program (every node that sees the program sees it too), or in this
 * user's cache. Beside it lies a list of all it was made from, with hashes: as long as they hold nothing is compiled. So
 * one rank can compile while the others wait for a list that holds, and load the same file.
 */

import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../errors.ts";
import { packageRoot } from "../native/load.ts";
import { bundle } from "./bundle.ts";
import { findMade, hash, keepMade, writeWhole } from "./cache.ts";

export interface CompileOptions {
  /** False: another process compiles; wait for it. */
  compile: boolean;
  /** How long to wait, ms. */
  waitMs: number;
}

const typescript = new Set([".ts", ".mts", ".cts", ".tsx", ".jsx"]);
const kind = "program";
const pollMs = 25; // Other nodes write the file: no event tells of it.

/** The file that Node.js should load for this program: itself, or what it was compiled into. Absolute. */
export async function prepareProgram(program: string, options: CompileOptions): Promise<string> {
  const file = locate(program);
  if (!typescript.has(extname(file)) && findsThisPackage(file)) return file;
  const deadline = Date.now() + options.waitMs;
  for (;;) {
    const ready = findMade(file, kind);
    if (ready !== null) return ready;
    if (options.compile) return await compile(file);
    if (Date.now() > deadline) throw neverCompiled(file, options.waitMs);
    await sleep(pollMs);
  }
}

/** The file that is meant, absolute. Throws `ERR_PROGRAM` where there is none. */
export function locate(program: string): string {
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

async function compile(file: string): Promise<string> {
  const { code, inputs, packages } = await bundle(file);
  return keepMade({ file, kind, inputs, present: packages, pattern: /\.mjs$/ }, (folder, prefix) => {
    const output = join(folder, `${prefix}${hash(code).slice(0, 12)}.mjs`);
    writeWhole(output, code);
    return [output];
  });
}

function neverCompiled(file: string, waitMs: number): HeddleError {
  return new HeddleError(
    "ERR_PROGRAM",
    `Rank 0 compiles ${file}, but its output did not appear here within ${waitMs / 1000} s.`,
    "put the program on a file system that every node sees",
  );
}
