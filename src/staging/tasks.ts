/** What staging tasks do, wherever they run: in the process that submits, or on a worker of another node. */

import { mkdir, rm, stat } from "node:fs/promises";
import { HeddleError } from "../errors.ts";
import { fileError, shown } from "./errors.ts";
import { FileRef, type PlainFile } from "./file.ts";
import type { Look } from "./look.ts";
import type { StagingSettings } from "./settings.ts";
import { Stager } from "./stager.ts";

export { look } from "./look.ts";

/** By settings: connections and what was found out serve many tasks. */
const stagers = new Map<string, Stager>();

function stagerOf(settings: StagingSettings): Stager {
  const key = JSON.stringify(settings);
  let stager = stagers.get(key);
  if (stager === undefined) {
    stager = new Stager(settings);
    stagers.set(key, stager);
  }
  return stager;
}

/** A file, and how often the program itself has written it. */
export type WantedFile = PlainFile & { generation: number };

/** Brings a file here. Returns its path; see {@link Stager} for the errors. */
export async function stageIn(
  { url, sha256, size, generation }: WantedFile,
  settings: StagingSettings,
  signal?: AbortSignal,
): Promise<string> {
  return await stagerOf(settings).stageIn(new FileRef(url, sha256, size), generation, signal);
}

/** Brings what a task wrote to its place. Throws ERR_OUTPUT_MISSING, and what {@link Stager} does. */
export async function stageOut(
  path: string,
  file: PlainFile,
  settings: StagingSettings,
  signal?: AbortSignal,
): Promise<FileRef> {
  const ref = new FileRef(file.url, file.sha256, file.size);
  const made = await stat(path).catch((cause) => {
    const message = `${path}, which is among the outputs of a task, is not there after it${ref.path === null ? ` (it is to become ${shown(ref.url)})` : ""}.`;
    const hint = "let the task write to the path that it is given, or take the file off its outputs";
    throw new HeddleError("ERR_OUTPUT_MISSING", message, hint, { cause });
  });
  if (made.isDirectory() && ref.path === null) {
    throw fileError("ERR_FILE_REFUSED", ref.url, `cannot be made of ${path}, which is a folder`, "pack it into a file");
  }
  if (ref.path !== path) await stagerOf(settings).stageOut(path, ref.url, signal);
  return new FileRef(ref.url, ref.sha256, made.size);
}

/** Of these paths, those where nothing is. */
export async function missing(paths: readonly string[]): Promise<string[]> {
  const looked = paths.map(async (path) => {
    const code = await stat(path).then(
      () => null,
      (error: NodeJS.ErrnoException) => error.code,
    );
    return code === "ENOENT" || code === "ENOTDIR" ? [path] : [];
  });
  return (await Promise.all(looked)).flat();
}

/** What the server of a file tells of its version. Never throws: then nothing is known. */
export async function lookAtUrl(url: string, settings: StagingSettings): Promise<Look> {
  const version = await stagerOf(settings)
    .versionOf(url)
    .catch(() => null);
  return { stamp: version ?? "", sha256: null };
}

/** Makes the folder that a task is to write to. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
}

/** Removes what tasks wrote, and what was brought to its place. */
export async function removeOutputs(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Ends what is under way in this thread, which fails with `reason`, and what is kept open. */
export async function closeStagers(reason: Error): Promise<void> {
  const open = [...stagers.values()];
  stagers.clear();
  await Promise.all(open.map((stager) => stager.close(reason)));
}
