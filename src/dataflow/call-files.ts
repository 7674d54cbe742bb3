/** Files of one call beside its arguments: what it waits for, and what it makes. */

import { HeddleError, headline } from "../errors.ts";
import type { AppFuture, CallFiles } from "../futures/future.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { shorten, shortenArguments } from "../serialize/values.ts";
import { FileRef, file } from "../staging/file.ts";
import { type Input, isFuture, type Waiting } from "./arguments.ts";
import type { FileKeys } from "./file-keys.ts";
import type { FileTasks, Place } from "./files.ts";

export interface FilesOfCall {
  readonly inputs: readonly Input[];
  readonly outputs: readonly FileRef[];
  readonly places: ReadonlyMap<string, Place>;
}

export const noFiles: CallFiles = Object.freeze({
  stdout: null,
  stderr: null,
  outputs: Object.freeze([]),
  origin: null,
  label: null,
  missing: null,
});

/** Throws ERR_FILE, and ERR_CONFIG where the option, or its function, gives no list of files. */
export function filesOf(app: AppDefinition, args: readonly unknown[], tasks: FileTasks | null): FilesOfCall {
  if (tasks === null) throw notHere(app.name);
  const inputs = listOf(app, "inputs", args).map((one) => (isFuture(one) ? one : fileOf(app.name, "inputs", one)));
  const outputs = listOf(app, "outputs", args).map((one) => fileOf(app.name, "outputs", one));
  const places = tasks.places(outputs, app.placement);
  const folders = outputs.flatMap((ref) => (ref.path === null ? [(places.get(ref.url) as Place).ready] : []));
  return { inputs: [...inputs, ...folders], outputs, places };
}

/** Tasks call others from where they are, and files are brought by the program. */
export function notHere(app: string): HeddleError {
  const message = `A task called app "${app}" with a file as an argument, an input or an output.`;
  return new HeddleError("ERR_CONFIG", message, "call it from the program, or pass paths of files that are there");
}

/** What is there of a call, and what it waits for besides. */
export function waitingWith(call: Uint8Array | Waiting, files: FilesOfCall | null): Waiting {
  const inputs = files?.inputs ?? [];
  if (call instanceof Uint8Array) return { bytes: call.slice(), inputs, places: [] };
  return { ...call, inputs: [...call.inputs, ...inputs] };
}

/** The outputs of a call, each brought to its place when it is done. */
export function bringOut(
  future: AppFuture<unknown>,
  { outputs, places }: FilesOfCall,
  tasks: FileTasks,
  keys: FileKeys | null,
): CallFiles {
  const paths = outputs.map((ref) => (places.get(ref.url) as Place).path);
  const missing = paths.length === 0 ? null : (rank: number) => tasks.missing(paths, rank);
  return { ...noFiles, outputs: tasks.bringOut(future, outputs, places, keys), missing };
}

function listOf(app: AppDefinition, key: "inputs" | "outputs", args: readonly unknown[]): readonly unknown[] {
  const given = app.files?.[key] ?? [];
  const list = typeof given === "function" ? listBy(app.name, key, given, args) : given;
  if (Array.isArray(list)) return list;
  const message = `App "${app.name}": its function for ${key} returned ${shorten(list)}.`;
  throw new HeddleError("ERR_CONFIG", message, "return an array of files");
}

/** A function for files is given what the call is given, which need not be there yet. */
function promiseUsed(app: string, key: string, text: string): HeddleError {
  const message = `App "${app}": its function for ${key} made ${shorten(text)} of a promise, as if it were its result.`;
  const hint = `await it before the call, or name the ${key} by arguments that are no promises`;
  return new HeddleError("ERR_FUTURE_USED", message, hint);
}

function listBy(app: string, key: string, fn: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  try {
    return (fn as (...values: readonly unknown[]) => unknown)(...args);
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    const message = `App "${app}": its function for ${key}, given ${shortenArguments(args)}, threw ${headline(cause)}.`;
    throw new HeddleError("ERR_CONFIG", message, "look at its cause", { cause });
  }
}

const PROMISE_IN_TEXT = /\[object(?: |%20)Promise\]/;

function fileOf(app: string, key: string, given: unknown): FileRef {
  if (typeof given === "string" || given instanceof URL || given instanceof FileRef) {
    if (PROMISE_IN_TEXT.test(String(given))) throw promiseUsed(app, key, String(given));
    return given instanceof FileRef ? given : file(given);
  }
  const message = `App "${app}": among its ${key} is ${shorten(given)}.`;
  throw new HeddleError("ERR_CONFIG", message, "give files, made by file(), or paths and URLs");
}
