/** Values in messages: shortened for people, or searched for what cannot be encoded. */

import { Stream } from "node:stream";

const SHORT_MAX = 120;

/** Under this key an object holds what messages show of it. */
export const SHOWN: unique symbol = Symbol("shown");

/** `value` as one short line for an error message. */
export function shorten(value: unknown, max: number = SHORT_MAX): string {
  const text = describe(value, 3);
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** The arguments of a call as one short line: `"CCO", 1`. */
export function shortenArguments(values: readonly unknown[]): string {
  const each = Math.max(24, Math.floor(SHORT_MAX / Math.max(1, values.length)));
  const shown = values.slice(0, 8).map((value) => shorten(value, each));
  return values.length > 8 ? `${shown.join(", ")}, … ${values.length - 8} more` : shown.join(", ");
}

function describe(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.length > 200 ? value.slice(0, 200) : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (value instanceof Date || value instanceof RegExp || value instanceof Error) return String(value);
  if (SHOWN in value) return String(value[SHOWN]);
  if (depth === 0) return Array.isArray(value) ? "[…]" : "{…}";
  if (Array.isArray(value)) {
    const shown = value.slice(0, 6).map((element) => describe(element, depth - 1));
    return `[${shown.join(", ")}${value.length > 6 ? `, … ${value.length - 6} more` : ""}]`;
  }
  const entries = Object.entries(value);
  const shown = entries.slice(0, 6).map(([key, element]) => `${key}: ${describe(element, depth - 1)}`);
  return `{ ${shown.join(", ")}${entries.length > 6 ? ", …" : ""} }`;
}

/** A part of a value that cannot be encoded. */
export interface Unencodable {
  /** From the value to the part: `.callback`, `[3].next`; empty for the value itself. */
  path: string;
  what: string;
}

/**
 * Says what a value is of which nothing would arrive: it names its own kind, as a WeakMap, a URLSearchParams or a generator does, and has no
 * fields. `null` for others.
 */
export function hidden(value: object): string | null {
  const kind: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (typeof kind !== "string" || SEEN.has(kind) || Object.keys(value).length > 0) return null;
  return `a ${kind}, whose content nobody can read`;
}

const SEEN = new Set(["Map", "Set", "ArrayBuffer", "DataView", "BigInt"]);

/** What generators are instances of. */
export const GENERATORS: readonly (abstract new () => unknown)[] = [function* () {}, async function* () {}].map(
  (one) => Object.assign(function Generator() {}, { prototype: Object.getPrototypeOf(one.prototype) }) as never,
);

/**
 * Finds the first function, symbol, cycle, stream or generator in `value`; `null` when there is none.
 *
 * @param isResult - Promises count as well: among arguments they are inputs.
 */
export function findUnencodable(value: unknown, isResult = false): Unencodable | null {
  return search(value, "", new Set(), isResult);
}

function oddObject(value: object, isResult: boolean): string | null {
  if (value instanceof Stream) return `a stream of this process (${value.constructor.name})`;
  if (GENERATORS.some((type) => value instanceof type)) return "a generator";
  if (value instanceof Promise) return isResult ? "a promise without its result yet" : null;
  return hidden(value);
}

function search(value: unknown, path: string, above: Set<object>, isResult: boolean): Unencodable | null {
  if (typeof value === "function") {
    const isApp = Object.hasOwn(value, Symbol.for("heddle.definition"));
    return {
      path,
      what: isApp ? `the app ${value.name}, not a call of it` : `a function (${value.name || "anonymous"})`,
    };
  }
  if (typeof value === "symbol") return { path, what: `a symbol (${String(value)})` };
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return null;
  if (above.has(value)) return { path, what: "a cycle: a value that contains itself" };
  const odd = oddObject(value, isResult);
  if (odd !== null) return { path, what: odd };
  above.add(value);
  const found = searchInside(value, path, above, isResult);
  above.delete(value);
  return found;
}

function searchInside(value: object, path: string, above: Set<object>, isResult: boolean): Unencodable | null {
  if (Array.isArray(value) || value instanceof Set) {
    let k = 0;
    for (const element of value) {
      const found = search(element, `${path}[${k++}]`, above, isResult);
      if (found !== null) return found;
    }
    return null;
  }
  const entries = value instanceof Map ? value : Object.entries(value);
  for (const [key, element] of entries) {
    const found = search(element, `${path}.${String(key)}`, above, isResult);
    if (found !== null) return found;
  }
  return null;
}
