/** Arguments of native apps as the bytes that their functions get, and back for messages. */

import { HeddleError } from "../errors.ts";
import type { ElementType } from "../native/binding.ts";
import { decode, encodeShared } from "./codec.ts";
import { elementBytes, fits, getters, rowBytes, setters } from "./columns.ts";
import { shorten } from "./values.ts";

/**
 * How arguments lie in memory. Elements: one per argument, packed without padding, little-endian. "bytes": the bytes of the
 * one argument. "msgpack": the array of all arguments.
 */
export type NativeLayout = readonly ElementType[] | "bytes" | "msgpack";

/** Packs the arguments of one task; the bytes may be overwritten by the next call. Throws ERR_ARGUMENT. */
export function packNative(app: string, layout: NativeLayout, args: readonly unknown[]): Uint8Array {
  if (layout === "msgpack") return encodeShared(args, true);
  const wanted = layout === "bytes" ? 1 : layout.length;
  if (args.length !== wanted) {
    const takes = layout === "bytes" ? "one Uint8Array" : `${wanted} (${layout.join(", ")})`;
    throw wrong(app, `it takes ${takes}, and was given ${args.length} arguments`, "give one value for each");
  }
  if (layout !== "bytes") return packRow(app, layout, args);
  const [bytes] = args;
  if (bytes instanceof Uint8Array) return bytes;
  throw wrong(
    app,
    `argument 0 is ${shorten(bytes)}, not bytes`,
    "give a Uint8Array; new Uint8Array(array.buffer) of others",
  );
}

function packRow(app: string, layout: readonly ElementType[], args: readonly unknown[]): Uint8Array {
  const row = new Uint8Array(rowBytes(layout));
  const view = new DataView(row.buffer);
  let at = 0;
  for (const [k, element] of layout.entries()) {
    const given = args[k];
    const value = isLong(element) && Number.isSafeInteger(given) ? BigInt(given as number) : given;
    if (!fits(element, value)) {
      throw wrong(
        app,
        `argument ${k} is ${shorten(given)}, which is no ${element}`,
        "give such a number, or declare another type in `arguments`",
      );
    }
    setters[element](view, at, value as number | bigint);
    at += elementBytes[element];
  }
  return row;
}

function isLong(element: ElementType): boolean {
  return element === "i64" || element === "u64";
}

function wrong(app: string, what: string, hint: string): HeddleError {
  return new HeddleError("ERR_ARGUMENT", `App "${app}": ${what}.`, hint);
}

/** The arguments in `bytes`, as `packNative` made them. */
export function unpackNative(layout: NativeLayout, bytes: Uint8Array): unknown[] {
  if (layout === "bytes") return [bytes];
  if (layout === "msgpack") return decode(bytes) as unknown[];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return layout.map((element, k) => getters[element](view, rowBytes(layout.slice(0, k))));
}
