/** What calls of a command set beside its template: folder, files of its output, variables. Packed before its argument strings. */

import type { Piece } from "../native/binding.ts";
import { packStrings, unpackStrings } from "./strings.ts";
import { fill, type Placeholders } from "./template.ts";

/** A file that receives a stream. */
export interface OutputFile {
  readonly path: readonly Piece[];
  readonly append: boolean;
}

/** As users write them. */
export interface CommandTexts {
  cwd?: string;
  stdout?: string | readonly [path: string, mode: "append"];
  stderr?: string | readonly [path: string, mode: "append"];
  env?: Record<string, string>;
}

export interface CommandSettings {
  readonly texts: CommandTexts;
  /** Folder, below that of the app, of the tasks of one map; undefined: these are calls. */
  readonly group?: string;
  /** What fills the slots of these texts; not those of the command. */
  readonly placeholders: Placeholders;
  /** "fresh": a folder of each task's own. Null: as the template says. */
  readonly cwd: readonly Piece[] | "fresh" | null;
  /** "auto": a file of each task's own. */
  readonly stdout: OutputFile | "auto" | null;
  readonly stderr: OutputFile | "auto" | null;
  readonly env: readonly (readonly [name: string, value: readonly Piece[]])[];
}

/** Of one task. Paths are "" where the template's stand. */
export interface TaskSettings {
  cwd: string;
  stdout: string;
  stderr: string;
  appendStdout: boolean;
  appendStderr: boolean;
  /** Missing folders are made. */
  makeFolders: boolean;
  env: [name: string, value: string][];
}

const SHARD = 1_000; // Folders with a million entries are slow on every file system.

/**
 * Settings of the task `index`.
 *
 * @param values - What fills the slots of the settings' placeholders.
 * @param folder - Where folders and files of tasks lie; asked for only where one is wanted.
 */
export function settingsOf(
  app: string,
  settings: CommandSettings,
  index: number,
  values: readonly string[],
  folder: () => string,
): TaskSettings {
  const own = (what: string): string => {
    const shard = String(Math.floor(index / SHARD) * SHARD).padStart(6, "0");
    const group = settings.group === undefined ? "" : `/${settings.group}`;
    return `${folder()}/${encodeURIComponent(app)}${group}/${shard}/${index}${what}`;
  };
  const { cwd, stdout, stderr, env } = settings;
  const file = (given: CommandSettings["stdout"], what: string): string =>
    given === null ? "" : given === "auto" ? own(what) : fill(given.path, values, false);
  return {
    cwd: cwd === null ? "" : cwd === "fresh" ? own("") : fill(cwd, values, false),
    stdout: file(stdout, ".stdout"),
    stderr: file(stderr, ".stderr"),
    appendStdout: stdout !== null && stdout !== "auto" && stdout.append,
    appendStderr: stderr !== null && stderr !== "auto" && stderr.append,
    makeFolders: cwd === "fresh" || stdout === "auto" || stderr === "auto",
    env: env.map(([name, pieces]) => [name, fill(pieces, values, false)]),
  };
}

/** The same for another try, whose folder is a new one as well. */
export function settingsOfTry(task: TaskSettings, { cwd }: CommandSettings, tries: number): TaskSettings {
  return cwd === "fresh" ? { ...task, cwd: `${task.cwd.replace(/\.try\d+$/, "")}.try${tries}` } : task;
}

/** As native code reads them; see native/runtime/process/command_settings.h. */
export function packSettings(task: TaskSettings): Uint8Array {
  const flags = `${task.appendStdout ? "o" : ""}${task.appendStderr ? "e" : ""}${task.makeFolders ? "d" : ""}`;
  return packStrings([flags, task.cwd, task.stdout, task.stderr, ...task.env.flat()]);
}

/** The same, read. */
export function unpackSettings(bytes: Uint8Array): TaskSettings {
  const [flags = "", cwd = "", stdout = "", stderr = "", ...rest] = unpackStrings(bytes);
  const env: TaskSettings["env"] = [];
  for (let k = 0; k + 1 < rest.length; k += 2) env.push([rest[k] as string, rest[k + 1] as string]);
  const flag = (letter: string): boolean => flags.includes(letter);
  return { cwd, stdout, stderr, appendStdout: flag("o"), appendStderr: flag("e"), makeFolders: flag("d"), env };
}
