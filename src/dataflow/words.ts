/** The argument strings of a command, from the arguments of a call. */

import { isMainThread } from "node:worker_threads";
import { HeddleError, headline } from "../errors.ts";
import type { Piece } from "../native/binding.ts";
import { packSettings, settingsOf, settingsOfTry, unpackSettings } from "../serialize/command-settings.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { headOf, packStrings, unpackStrings, wordText } from "../serialize/strings.ts";
import { fill, type Placeholders, type Slot } from "../serialize/template.ts";
import { shorten, shortenArguments } from "../serialize/values.ts";

/**
 * Makes the strings that the app's template, or its function, asks for.
 *
 * A template takes either one object with a value for each name, or values by position, which fill `{0}`, `{1}`, … and
 * the names in order of their first appearance.
 */
export function commandStrings(app: AppDefinition, args: readonly unknown[], index: number): string[] {
  if (app.fn !== null) return wordsOfFunction(app, args);
  return valuesOf(app, app.placeholders ?? { slots: [], names: [] }, args, index);
}

/** Where folders and files of tasks lie that asked for their own; null: this process has no such place. */
let tasksFolder: (() => string) | null = null;

export function setTasksFolder(folder: (() => string) | null): void {
  tasksFolder = folder;
}

function folderOf(app: string): string {
  if (tasksFolder !== null) return tasksFolder();
  if (!isMainThread) {
    const message = `App "${app}" was called by a task: its stdout or stderr cannot be "auto" there, nor its cwd "fresh".`;
    const hint = "name the files and the folder, by with({ stdout, stderr, cwd }); or let the program make this call";
    throw new HeddleError("ERR_CONFIG", message, hint);
  }
  const message = `App "${app}": there is no run directory, which a folder of its own, or a file "auto", would lie in.`;
  throw new HeddleError("ERR_CONFIG", message, 'start with one: runDir: "runinfo", or HEDDLE_RUN_DIR');
}

/** The bytes of one task: its strings, and before them what its app's calls set. */
export function packCommand(app: AppDefinition, args: readonly unknown[], index: number): Uint8Array {
  const strings = commandStrings(app, args, index);
  const { settings, name } = app;
  if (settings === undefined) return packStrings(strings);
  // By position, what a function is given; a template may name values that its settings do not.
  const names = app.placeholders?.names ?? [];
  const values = valuesOf(app, { ...settings.placeholders, names }, args, index);
  return packStrings(strings, packSettings(settingsOf(name, settings, index, values, () => folderOf(name))));
}

/** The bytes of another try of the task with these bytes. */
export function bytesOfTry({ settings }: AppDefinition, bytes: Uint8Array, tries: number): Uint8Array {
  if (settings?.cwd !== "fresh") return bytes;
  const [, ...strings] = unpackStrings(bytes);
  return packStrings(strings, packSettings(settingsOfTry(unpackSettings(headOf(bytes)), settings, tries)));
}

/** Do files receive what its tasks write? */
export function hasStreamFiles({ settings, command }: AppDefinition): boolean {
  const own = settings?.stdout ?? settings?.stderr ?? null;
  return own !== null || (command?.stdout ?? command?.stderr ?? null) !== null;
}

/** What calls set that a result may depend on. */
export function setOf({ settings }: AppDefinition): unknown[] {
  const { cwd = "", env = {} } = settings?.texts ?? {};
  return (cwd === "" || cwd === "fresh") && Object.keys(env).length === 0 ? [] : [{ cwd, env }];
}

/** The file of each stream of the task with these bytes; null: kept in memory. */
export function streamsOf(app: AppDefinition, bytes: Uint8Array): { stdout: string | null; stderr: string | null } {
  const set = app.settings === undefined ? null : unpackSettings(headOf(bytes));
  const strings = argumentStrings(app, bytes);
  const file = (own: string | undefined, pieces: readonly Piece[] | null | undefined): string | null =>
    own || (pieces == null ? null : fill(pieces, strings, false));
  return { stdout: file(set?.stdout, app.command?.stdout), stderr: file(set?.stderr, app.command?.stderr) };
}

/** The strings of the task with these bytes. */
export function argumentStrings(app: AppDefinition, bytes: Uint8Array): string[] {
  return unpackStrings(bytes).slice(app.settings === undefined ? 0 : 1);
}

function valuesOf(app: AppDefinition, placeholders: Placeholders, args: readonly unknown[], index: number): string[] {
  const named = args.length === 1 && isRecord(args[0]) ? args[0] : null;
  return placeholders.slots.map((slot) => {
    if ("index" in slot) {
      if (named !== null && Object.hasOwn(named, "index")) throw indexGiven(app.name);
      return String(index);
    }
    const value = valueOf(slot, placeholders.names, args, named);
    const label = "name" in slot ? `{${slot.name}}` : `{${slot.position}}`;
    if (value === undefined) throw missing(app.name, label, args);
    return wordText(value, `App "${app.name}": the value of ${label}`);
  });
}

function valueOf(
  slot: Exclude<Slot, { index: true }>,
  names: readonly string[],
  args: readonly unknown[],
  named: Record<string, unknown> | null,
): unknown {
  if ("position" in slot) return named === null ? args[slot.position] : undefined;
  if (named !== null) return Object.hasOwn(named, slot.name) ? named[slot.name] : undefined;
  return args[names.indexOf(slot.name)];
}

function indexGiven(app: string): HeddleError {
  return new HeddleError(
    "ERR_COMMAND_TEMPLATE",
    `App "${app}": a value "index" is given, and {index} is the number of the task.`,
    "give the placeholder, and the value, another name",
  );
}

function missing(app: string, label: string, args: readonly unknown[]): HeddleError {
  const given = args.length === 0 ? "nothing" : args.map((value) => shorten(value, 60)).join(", ");
  return new HeddleError(
    "ERR_COMMAND_TEMPLATE",
    `App "${app}": no value for the placeholder ${label}; given: ${given}.`,
    "pass an object with a value for each name, or one value for each placeholder",
  );
}

function wordsOfFunction(app: AppDefinition, args: readonly unknown[]): string[] {
  const made = madeBy(app, args);
  if (typeof made === "string") return ["/bin/sh", "-c", wordText(made, `App "${app.name}": the command`)];
  if (Array.isArray(made) && made.length > 0) {
    return made.map((word, k) => wordText(word, `App "${app.name}": word ${k} of the command`));
  }
  throw new HeddleError(
    "ERR_COMMAND_TEMPLATE",
    `App "${app.name}": its function returned ${shorten(made)}, which is no command.`,
    "return an array of words, or a string for /bin/sh",
  );
}

function madeBy(app: AppDefinition, args: readonly unknown[]): unknown {
  try {
    return (app.fn as (...values: unknown[]) => unknown)(...args);
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    const message = `App "${app.name}": its function, given ${shortenArguments(args)}, threw ${headline(cause)}.`;
    throw new HeddleError("ERR_COMMAND_TEMPLATE", message, "look at its cause", { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
