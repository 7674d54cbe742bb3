/** Files in the input of maps: each task is given the path of a copy on its node, as in a call. */

import type { HeddleError } from "../errors.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import type { FileRef } from "../staging/file.ts";
import { argumentError, encodeCall, FutureInTheWay, isFile, valuesWith } from "./arguments.ts";

/** Brings a file to where tasks of a map may run. Its path there. */
export type Bring = (ref: FileRef) => PromiseLike<string>;

/** The arguments of task `index` with paths in place of files, once these are there; or why it cannot run. */
export async function bringInto(
  app: AppDefinition,
  args: unknown[],
  index: number,
  bring: Bring,
): Promise<unknown[] | HeddleError> {
  try {
    const call = encodeCall(app, args, index);
    if (call instanceof Uint8Array) return args;
    const paths = call.inputs.map((input) => (isFile(input) ? bring(input) : Promise.reject(new FutureInTheWay())));
    return valuesWith(call, await Promise.all(paths));
  } catch (error) {
    return argumentError(error, args, app.name);
  }
}
