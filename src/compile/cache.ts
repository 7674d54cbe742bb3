/**
 * Where what programs are made into is kept, with a list beside it of all that it was made from: as long as their hashes
 * hold, nothing is made again.
 */

import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { HeddleError } from "../errors.ts";
import { packageRoot } from "../native/load.ts";

/** Written beside each result. */
interface Manifest {
  /** File to SHA-256 of its content; `null`: only that it exists matters. */
  inputs: Record<string, string | null>;
  output: string;
}

const keptMs = 7 * 24 * 3_600_000; // A program that runs may still load the file of an older version.

/** What was made of the program, if everything it was made from is still the same. `kind` tells apart several ways. */
export function findMade(file: string, kind: string): string | null {
  const found = foldersFor(file).map((folder) => readyOutput(manifestPath(folder, file, kind)));
  return found.find((output) => output !== null) ?? null;
}

export interface Making {
  file: string;
  kind: string;
  /** Files whose content decides. */
  inputs: Iterable<string>;
  /** Files of which it matters only that they exist. */
  present: Iterable<string>;
  /** Names, after the program's, of what this kind makes. */
  pattern: RegExp;
}

/** Keeps what `write` puts into a folder, under names that begin with its `prefix`: the result, then what belongs to it. */
export function keepMade(made: Making, write: (folder: string, prefix: string) => [string, ...string[]]): string {
  const { file, kind, inputs, present, pattern } = made;
  const prefix = `${basename(file, extname(file))}.`;
  return inFirstFolder(foldersFor(file), (folder) => {
    const outputs = write(folder, prefix);
    writeManifest(manifestPath(folder, file, kind), inputs, present, outputs[0]);
    removeOld(folder, prefix, pattern, outputs);
    return outputs[0];
  });
}

// Best first.
function foldersFor(file: string): string[] {
  const home = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return [
    join(dirname(file), ".heddle"),
    join(home, "heddle", "programs"),
    join(tmpdir(), `heddle-${process.getuid?.()}`),
  ];
}

function manifestPath(folder: string, file: string, kind: string): string {
  // Not among the inputs, but the output depends on it: which package compiles, which version of it, under what Node.js.
  const made = readFileSync(join(packageRoot, "package.json"), "utf8");
  const key = hash(JSON.stringify([file, packageRoot, made, process.versions.node, kind]));
  return join(folder, `${basename(file)}.${key.slice(0, 12)}.json`);
}

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

function writeManifest(path: string, inputs: Iterable<string>, present: Iterable<string>, output: string): void {
  const hashes: Record<string, string | null> = {};
  for (const input of inputs) hashes[input] = hash(readFileSync(input));
  for (const file of present) hashes[file] = null;
  writeWhole(path, JSON.stringify({ inputs: hashes, output } satisfies Manifest));
}

// Throws `ERR_PROGRAM` where none of the folders can be written to.
function inFirstFolder(folders: readonly string[], write: (folder: string) => string): string {
  const failures: string[] = [];
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      accessSync(folder, constants.W_OK);
      return write(folder);
    } catch (error) {
      failures.push(String(error));
    }
  }
  const hint = "make the program's folder writable, or set XDG_CACHE_HOME to a folder that is";
  throw new HeddleError("ERR_PROGRAM", `Nowhere to write the compiled program: ${failures.join("; ")}`, hint);
}

// Removes what earlier versions of the program were made into: names that begin with `prefix` and match.
function removeOld(folder: string, prefix: string, pattern: RegExp, keep: readonly string[]): void {
  for (const name of readdirSync(folder).filter((one) => one.startsWith(prefix) && pattern.test(one))) {
    const path = join(folder, name);
    if (keep.includes(path)) continue;
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > keptMs) rmSync(path, { recursive: true, force: true });
  }
}

/** Readers see the old file or the new one, never a part. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** SHA-256, in hexadecimal. */
export function hash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
