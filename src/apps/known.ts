/** The names of options: one that is not among them is a slip, and was meant to do something. */

import { HeddleError } from "../errors.ts";
import { checkNamesAmong } from "../serialize/names.ts";
import { shorten } from "../serialize/values.ts";
import type { BashOptions } from "./bash.ts";
import type { CommandOptions } from "./command-options.ts";
import type { JoinOptions } from "./join.ts";
import type { MapOptions } from "./map.ts";
import type { NativeFunctionOptions } from "./native.ts";
import { isPlain } from "./schema.ts";
import type { AppOptions, CallOptions, PlacementOptions, SchemaOptions } from "./types.ts";

type Names<T> = Record<keyof T, true>;

const placement: Names<PlacementOptions> = { priority: true, target: true, resources: true, executors: true };
const call: Names<CallOptions> = {
  ...placement,
  retries: true,
  cache: true,
  inputs: true,
  outputs: true,
  walltime: true,
};
const command: Names<CommandOptions> = { cwd: true, env: true, stdout: true, stderr: true };
const bash: Names<BashOptions> = {
  ...call,
  ...command,
  stdin: true,
  append: true,
  returns: true,
  captureBytes: true,
  okExitCodes: true,
  check: true,
};
const app: Names<AppOptions & SchemaOptions> = { ...call, returns: true, isolation: true, input: true, output: true };
const native: Names<NativeFunctionOptions<"bytes", "bytes"> & { isolation: 0; walltime: 0 }> = {
  ...placement,
  retries: true,
  cache: true,
  library: true,
  function: true,
  arguments: true,
  returns: true,
  merge: true,
  isolation: true,
  walltime: true,
};
const map: Names<MapOptions> = {
  ...placement,
  progress: true,
  seed: true,
  walltime: true,
  retries: true,
  near: true,
  cache: true,
};
const join: Names<JoinOptions> = { retries: true, cache: true, walltime: true };

type Kind = "app" | "bash" | "native" | "join" | "map" | "with";

const known: Record<Kind, Record<string, true>> = {
  app,
  bash,
  native,
  join,
  map,
  with: { ...call, ...command },
};

/** Throws ERR_CONFIG for what is no object of options, and for a name that no option of this kind has. */
export function checkNames(where: string, kind: Kind, given: unknown): void {
  if (!isPlain(given)) {
    const hint = `give an object, such as { cache: true }, or leave it out`;
    throw new HeddleError("ERR_CONFIG", `${where}: the options are ${shorten(given)}.`, hint);
  }
  checkNamesAmong("ERR_CONFIG", where, Object.keys(known[kind]), given);
}

/** Of a map, what nothing else checks. Throws ERR_CONFIG. */
export function checkKinds(where: string, { seed, progress }: MapOptions): void {
  if (seed !== undefined && !["number", "bigint", "string"].includes(typeof seed)) {
    throw new HeddleError("ERR_CONFIG", `${where}: seed is ${shorten(seed)}.`, "give a number or a text");
  }
  if (progress === undefined || typeof progress === "boolean") return;
  throw new HeddleError("ERR_CONFIG", `${where}: progress is ${shorten(progress)}.`, "give true or false");
}
