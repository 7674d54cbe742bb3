/**
 * What ranks of `heddle run -n` load, made once by the command itself: a folder of files that need no others (the program,
 * its packages, Heddle, the binaries), and the same as one file, a *pack*. The keeper of each rank puts the pack onto its
 * node's disk, once per node, and starts the rank there. So a node reads one file from where the program lies.
 */

import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { bundle } from "../compile/bundle.ts";
import { findMade, hash, keepMade, writeWhole } from "../compile/cache.ts";
import { locate } from "../compile/compile.ts";
import { addonPath, guardianPath, type MpiFlavour, mpiLibrary, mpiLibraryIn } from "../native/load.ts";
import { stagedNames } from "../native/staged.ts";
import { type PackedFile, pack } from "./pack.ts";
import { bundleWhole, CannotStage } from "./stage-bundle.ts";

export interface Stage {
  /** What a rank runs; a copy of it where its node has one. */
  program: string;
  pack: string;
}

/** A reason, for people, where the program cannot be staged. Throws where it does not compile. */
export async function stageProgram(program: string, flavour: MpiFlavour): Promise<Stage | string> {
  const file = locate(program);
  const kind = `stage ${flavour}`;
  const ready = findMade(file, kind);
  if (ready !== null && existsSync(packOf(ready))) return stageIn(ready);
  let made: Awaited<ReturnType<typeof bundleWhole>>;
  try {
    made = await bundleWhole(file);
  } catch (error) {
    if (error instanceof CannotStage) return error.message;
    await bundle(file); // A mistake in the program is told in its words.
    return (error as Error).message;
  }
  const binaries = binariesFor(flavour);
  const files = [...made.files].map(([name, bytes]) => ({ name, mode: 0o644, bytes })).concat(binaries.map(readBinary));
  const digest = hash(files.map(({ name, mode, bytes }) => `${name} ${mode} ${hash(bytes)}\n`).join(""));
  const inputs = [...made.inputs, ...binaries.map(({ path }) => path)];
  const pattern = /\.[0-9a-f]{24}(\.pack)?$/;
  const folder = keepMade({ file, kind, inputs, present: made.outside, pattern }, (cache, prefix) => {
    const stage = join(cache, `${prefix}${digest.slice(0, 24)}`);
    writeFolder(stage, files);
    writeWhole(packOf(stage), pack(files));
    return [stage, packOf(stage)];
  });
  return stageIn(folder);
}

function stageIn(folder: string): Stage {
  return { program: join(folder, stagedNames.program), pack: packOf(folder) };
}

function packOf(folder: string): string {
  return `${folder}.pack`;
}

interface Binary {
  name: string;
  path: string;
}

function binariesFor(flavour: MpiFlavour): Binary[] {
  const library = mpiLibrary(flavour);
  const strings = stringsAddon();
  return [
    { name: stagedNames.addon, path: addonPath() },
    { name: stagedNames.guardian, path: guardianPath() },
    ...(library === null ? [] : [{ name: basename(mpiLibraryIn("", flavour)), path: library }]),
    ...(strings === null ? [] : [{ name: stagedNames.strings, path: strings }]),
  ];
}

// Without it msgpackr reads strings by itself.
function stringsAddon(): string | null {
  try {
    const here = createRequire(createRequire(import.meta.url).resolve("msgpackr"));
    const folder = dirname(here.resolve("msgpackr-extract"));
    const find = createRequire(join(folder, "index.js"))("node-gyp-build-optional-packages");
    return (find as { path: (folder: string) => string }).path(folder);
  } catch {
    return null;
  }
}

function readBinary({ name, path }: Binary): PackedFile {
  return { name, mode: 0o755, bytes: readFileSync(path) };
}

// Its name says what is in it: one that is there is whole.
function writeFolder(folder: string, files: readonly PackedFile[]): void {
  if (existsSync(folder)) return;
  const part = `${folder}.${process.pid}.tmp`;
  mkdirSync(part);
  for (const { name, mode, bytes } of files) {
    writeFileSync(join(part, name), bytes);
    chmodSync(join(part, name), mode);
  }
  try {
    renameSync(part, folder);
  } catch (error) {
    rmSync(part, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}
