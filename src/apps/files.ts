/** Files that calls read and make beside their arguments: options of apps and of single calls. */

import { HeddleError } from "../errors.ts";
import type { FileLike } from "../futures/future.ts";
import type { FilePolicy } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";

/** A file; a path or URL of one; or a future of one, or of anything that has to be done before. */
export type FileInput = FileLike | string | URL | PromiseLike<unknown>;

/** Options of apps and calls. As functions they are given the arguments of the call. */
export interface FileTaskOptions {
  /** What a call waits for besides its arguments: files are brought to where the task runs. Default: nothing. */
  inputs?: readonly FileInput[] | ((...args: never[]) => readonly FileInput[]);
  /**
   * Files that a task makes: `outputs` of the future has a future for each, in this order. One that is among the arguments too arrives there as the
   * path to write to; one that is not local is brought to its place when the task is done. Calls only, not maps. Default: none.
   */
  outputs?: readonly (FileLike | string | URL)[] | ((...args: never[]) => readonly (FileLike | string | URL)[]);
}

/** Throws ERR_CONFIG. Undefined: there are none. */
export function filePolicyOf(name: string, given: FileTaskOptions, base?: FilePolicy): FilePolicy | undefined {
  const inputs = listOf(name, "inputs", given.inputs) ?? base?.inputs ?? null;
  const outputs = listOf(name, "outputs", given.outputs) ?? base?.outputs ?? null;
  return inputs === null && outputs === null ? undefined : { inputs, outputs };
}

function listOf(name: string, key: "inputs" | "outputs", given: unknown): FilePolicy["inputs"] {
  if (given === undefined) return null;
  if (Array.isArray(given) || typeof given === "function") return given as FilePolicy["inputs"];
  const hint = "give an array of files, or a function of the arguments that returns one";
  throw new HeddleError("ERR_CONFIG", `App "${name}": ${key} is ${shorten(given)}.`, hint);
}
