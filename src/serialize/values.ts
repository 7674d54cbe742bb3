/** Values in messages: shortened for people, or searched for what cannot be encoded. */

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

/** Finds the first function, symbol or cycle in `value`; `null` when there is none. */
export function findUnencodable(value: unknown): Unencodable | null {
  return search(value, "", new Set());
}

function search(value: unknown, path: string, above: Set<object>): Unencodable | null {
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
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) {
    return { path, what: `a ${value.constructor.name}` };
  }
  above.add(value);
  const found = searchInside(value, path, above);
  above.delete(value);
  return found;
}

function searchInside(value: object, path: string, above: Set<object>): Unencodable | null {
  if (Array.isArray(value) || value instanceof Set) {
    let k = 0;
    for (const element of value) {
      const found = search(element, `${path}[${k++}]`, above);
      if (found !== null) return found;
    }
    return null;
  }
  const entries = value instanceof Map ? value : Object.entries(value);
  for (const [key, element] of entries) {
    const found = search(element, `${path}.${String(key)}`, above);
    if (found !== null) return found;
  }
  return null;
}
