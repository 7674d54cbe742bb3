/** How the function of an app is called for each task of a chunk, by the kind of its arguments. */

import type { BatchInfo } from "../native/port.ts";
import { decodeMany } from "../serialize/codec.ts";
import { getters, rowBytes } from "../serialize/columns.ts";
import type { Running } from "./context.ts";

/** Calls the app for the k-th task of the chunk. */
export type Invoke = (k: number) => unknown;

type AnyFunction = (...args: unknown[]) => unknown;

/** Prepares the calls of the chunk that `running` is told of, whose arguments are `bytes`. */
export function invoker(fn: AnyFunction, batch: BatchInfo, bytes: Uint8Array, running: Running): Invoke {
  const { first } = running;
  if (batch.args === "index") {
    const { step } = batch;
    const start = batch.start + first * step;
    return (k) => fn(start + k * step);
  }
  return batch.args === "fixed" ? invokeRows(fn, batch, bytes) : invokePacked(fn, batch, bytes, running);
}

function invokePacked(fn: AnyFunction, batch: BatchInfo, bytes: Uint8Array, running: Running): Invoke {
  const values = decodeMany(bytes);
  if (batch.prefixed) return invokeNumbered(fn, values as unknown[][], running);
  if (!batch.spread) return (k) => fn(values[k]);
  const lists = values as unknown[][];
  return (k) => {
    const list = lists[k] as unknown[];
    return list.length === 1 ? fn(list[0]) : list.length === 2 ? fn(list[0], list[1]) : fn(...list);
  };
}

/** The tasks' numbers are known to `context()`; their functions do not see them. */
function invokeNumbered(fn: AnyFunction, lists: readonly unknown[][], running: Running): Invoke {
  running.numbers = lists.map((list) => list[0] as number);
  return (k) => {
    const list = lists[k] as unknown[];
    return list.length === 2 ? fn(list[1]) : list.length === 3 ? fn(list[1], list[2]) : fn(...list.slice(1));
  };
}

function invokeRows(fn: AnyFunction, batch: BatchInfo, bytes: Uint8Array): Invoke {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const columns = batch.columns ?? [];
  const stride = rowBytes(columns);
  if (columns.length === 1) {
    if (columns[0] === "f64") return (k) => fn(view.getFloat64(8 * k, true));
    const get = getters[columns[0] as keyof typeof getters];
    return (k) => fn(get(view, stride * k));
  }
  const gets = columns.map((element) => getters[element]);
  const offsets = columns.map((_, c) => rowBytes(columns.slice(0, c)));
  return (k) => fn(...gets.map((get, c) => get(view, stride * k + (offsets[c] as number))));
}
