/**
 * Arguments as bytes, at the moment of the call: what the program changes afterwards does not reach the task.
 *
 * A future among them becomes a placeholder in the bytes. When all are done, their results are encoded into those places. Those of
 * commands, which get words and not msgpack, are extensions of msgpack instead: the bytes are decoded with the results in place of the
 * futures, and packed.
 */

import { HeddleError } from "../errors.ts";
import { AppFuture } from "../futures/future.ts";
import { FileKey } from "../memo/key.ts";
import { decode, encode, encodeOpenShared, encodeShared, extend, fillShared } from "../serialize/codec.ts";
import { packNative, unpackNative } from "../serialize/native-arguments.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { findUnencodable } from "../serialize/values.ts";
import { FileRef, fileInputs } from "../staging/file.ts";
import { argumentStrings, packCommand } from "./words.ts";

/** The most bytes that the arguments of one task may take. */
export const ARGUMENT_BYTES_MAX: number = 64 * 1024 * 1024;

const FUTURE_TAG = 0x46;

/** What a call waits for: futures, and files that are brought to its task. */
export type Input = PromiseLike<unknown> | FileRef;

/** Those met while encoding; null: none are allowed here. */
let met: Input[] | null = null;
/** What stands for them while decoding. */
let resolved: readonly unknown[] = [];

/** A future stands where none is allowed. */
export class FutureInTheWay extends Error {}

/** Thrown where arguments are encoded by {@link withoutFiles}. */
export class FileInTheWay extends Error {}

function meet(future: Input): Uint8Array {
  if (met === null) throw new FutureInTheWay();
  met.push(future);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(met.length - 1);
  return number;
}

function substitute(bytes: Uint8Array): unknown {
  return resolved[new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)];
}

/** Are files among the arguments to become paths? */
let bringsFiles = false;

/** Is a file among them to be told of, since it must be brought first? */
let refusesFiles = false;

fileInputs((ref) => {
  if (refusesFiles) throw new FileInTheWay();
  return met !== null && bringsFiles ? meet(ref) : null;
}, substitute);
extend(AppFuture, FUTURE_TAG, meet, substitute);
extend(Promise, FUTURE_TAG, meet, substitute);

/** The arguments of one call that waits for futures. */
export interface Waiting {
  readonly bytes: Uint8Array;
  readonly inputs: readonly Input[];
  /** Where their values go, of the first of them; null: the bytes are decoded, with the values in place of the futures. */
  readonly places: readonly number[] | null;
}

/**
 * Encodes the arguments of a call: to bytes that the next call of this module may overwrite, or to what waits.
 *
 * @param looksAtFiles - It waits for files among them, whatever its app is.
 */
export function encodeCall(
  app: AppDefinition,
  args: readonly unknown[],
  index: number,
  looksAtFiles = false,
): Uint8Array | Waiting {
  bringsFiles = app.joins !== true || looksAtFiles; // That one runs here, and hands them on.
  if (!encodesAlways(app) && !holds(args, isInput)) return packPlain(app, args, index);
  const places: number[] = [];
  const direct: Input[] = [];
  met = [];
  try {
    const future = (value: object): boolean => isInput(value) && direct.push(value) > 0;
    const bytes = guarded(() => encodeOpenShared(args, future, places, isPlainReader(app)), args, app.name);
    if (direct.length === 0 && met.length === 0) return bytes;
    if (met.length === 0 && encodesAlways(app)) return { bytes: bytes.slice(), inputs: direct, places };
    met.length = 0; // Of a command.
    const all = guarded(() => encodeShared(args), args, app.name);
    // Whoever packed a promise has looked at its constructor.
    for (const one of met) if (!(one instanceof FileRef)) one.then(undefined, () => {});
    return { bytes: all.slice(), inputs: met, places: null };
  } finally {
    met = null;
  }
}

/** Are its arguments msgpack, whatever they are? Futures among them then become placeholders on the way. */
function encodesAlways(app: AppDefinition): boolean {
  return app.kind === "js" || app.native?.layout === "msgpack";
}

/** Is what reads them a C function, which knows msgpack and nothing of ours? */
function isPlainReader(app: AppDefinition): boolean {
  return app.native?.layout === "msgpack";
}

/** Runs what encodes arguments; throws {@link FileInTheWay} at the first file. */
export function withoutFiles<T>(encodeAll: () => T): T {
  refusesFiles = true;
  try {
    return encodeAll();
  } finally {
    refusesFiles = false;
  }
}

/** The arguments of a command, or of a native app, that are all there. */
export function packPlain(app: AppDefinition, args: readonly unknown[], index: number): Uint8Array {
  if (refusesFiles && holds(args, isFile)) throw new FileInTheWay();
  const { native } = app;
  const bytes = native === null ? packCommand(app, args, index) : packNative(app.name, native.layout, args);
  checkSize(bytes.length, app.name);
  return bytes;
}

/** The arguments of a task, from its bytes. `spread`: where msgpack, the bytes are the array of all. */
export function argumentsOf(app: AppDefinition, bytes: Uint8Array, spread: boolean): unknown[] {
  if (app.kind === "process") return argumentStrings(app, bytes);
  if (app.kind === "native" && app.native !== null) return unpackNative(app.native.layout, bytes);
  const value = decode(bytes);
  return spread ? (value as unknown[]) : [value];
}

/** As deep as the template of a command looks. */
function holds(args: readonly unknown[], what: (value: unknown) => boolean): boolean {
  return args.some((value) => what(value) || (isPlain(value) && Object.values(value).some(what)));
}

export function isFile(value: unknown): value is FileRef {
  return value instanceof FileRef;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function isFuture(value: unknown): value is PromiseLike<unknown> {
  return value instanceof AppFuture || value instanceof Promise;
}

function isInput(value: unknown): value is Input {
  return isFuture(value) || (value instanceof FileRef && bringsFiles);
}

/** The bytes of a call whose inputs are all there. The next call of this module may overwrite them. */
export function completeCall(
  app: AppDefinition,
  { bytes, places }: Waiting,
  results: readonly unknown[],
  index: number,
): Uint8Array {
  if (places !== null) return guarded(() => fillShared(bytes, places, results, isPlainReader(app)), results, app.name);
  const args = decodeWaiting(bytes, results);
  if (!encodesAlways(app)) return packPlain(app, args, index);
  return guarded(() => encode(args), args, app.name);
}

/** The arguments of a call that waits for some of them, with `values` for its inputs. */
export function valuesWith({ bytes, places }: Waiting, values: readonly unknown[]): unknown[] {
  return places === null ? decodeWaiting(bytes, values) : (decode(fillShared(bytes, places, values)) as unknown[]);
}

/**
 * What tells a call that waits from others: its arguments with `values` for its inputs; of a command its words, unless there are files in them.
 *
 * @param completed - What {@link completeCall} made of it.
 */
export function identityOf(
  app: AppDefinition,
  call: Waiting,
  values: readonly unknown[],
  completed: Uint8Array,
): unknown[] {
  if (!encodesAlways(app) && !values.some((value) => value instanceof FileKey)) {
    return argumentsOf(app, completed, true);
  }
  return valuesWith(call, values);
}

function decodeWaiting(bytes: Uint8Array, results: readonly unknown[]): unknown[] {
  resolved = results;
  try {
    return decode(bytes) as unknown[];
  } finally {
    resolved = [];
  }
}

/** Runs `encodeAll`; what it cannot encode becomes ERR_ARGUMENT with the path of the value. */
export function guarded(encodeAll: () => Uint8Array, args: readonly unknown[], app: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = encodeAll();
  } catch (error) {
    throw argumentError(error, args, app);
  }
  checkSize(bytes.length, app);
  return bytes;
}

export function argumentError(error: unknown, args: readonly unknown[], app: string): HeddleError {
  if (error instanceof HeddleError) return error;
  for (let k = 0; k < args.length; k++) {
    const found = findUnencodable(args[k]);
    if (found === null) continue;
    const path = found.path === "" ? "" : `, ${found.path}`;
    return new HeddleError(
      "ERR_ARGUMENT",
      `App "${app}": argument ${k}${path} is ${found.what}, which cannot be sent to a task.`,
      "pass plain data: numbers, strings, arrays, objects, Maps, Sets, dates, typed arrays",
    );
  }
  if (error instanceof FutureInTheWay) {
    return new HeddleError(
      "ERR_ARGUMENT",
      `App "${app}": a future or promise stands in the input of map().`,
      "await it first, or make calls one by one: those wait for their inputs",
    );
  }
  return new HeddleError("ERR_ARGUMENT", `App "${app}": its arguments cannot be encoded: ${String(error)}`, null, {
    cause: error,
  });
}

export function checkSize(bytes: number, app: string): void {
  if (bytes <= ARGUMENT_BYTES_MAX) return;
  const mib = (count: number): string => `${(count / 1_048_576).toFixed(1)} MiB`;
  throw new HeddleError(
    "ERR_ARGUMENT_TOO_LARGE",
    `App "${app}": the arguments of one task take ${mib(bytes)}; the limit is ${mib(ARGUMENT_BYTES_MAX)}.`,
    "write the data to a file and pass its path",
  );
}
