/** The properties of errors that are their class's own: `status`, `errno`, `details`. They cross as far as they can be encoded, and have room. */

import { encode } from "./codec.ts";
import { findUnencodable } from "./values.ts";

const FIELD_BYTES_MAX = 65_536; // Of one error with its causes: a failure must not carry a response of megabytes.
const ERRORS_MAX = 32; // That AggregateErrors gather, all in all.

// Told in other ways, or not to be replaced by what comes from another rank.
const OWN: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "__proto__", "constructor"]);

/** What one error, with its causes and those that it gathers, may still take. */
export class FieldBudget {
  #bytes = FIELD_BYTES_MAX;
  #errors = ERRORS_MAX;

  /** The first of `errors` for which there is room. */
  some(errors: readonly unknown[]): unknown[] {
    const some = errors.slice(0, this.#errors);
    this.#errors -= some.length;
    return some;
  }

  /**
   * Own enumerable properties, without those that are `told`. What cannot cross is named in `leftOut`.
   *
   * @param gathered - How many of `errors` cross by themselves.
   */
  fieldsOf(error: Error, told: readonly string[], gathered?: number): Record<string, unknown> | null {
    const fields: Record<string, unknown> = {};
    const leftOut: string[] = [];
    if (gathered !== undefined) {
      const more = (error as AggregateError).errors.length - gathered;
      if (more > 0) leftOut.push(`errors: ${more} more`);
    }
    for (const key of Object.keys(error)) {
      if (OWN.has(key) || told.includes(key) || (key === "errors" && gathered !== undefined)) continue;
      const why = this.#take(error, key, fields);
      if (why !== null) leftOut.push(`${key}: ${why}`);
    }
    if (leftOut.length > 0) fields["leftOut"] = leftOut;
    return Object.keys(fields).length > 0 ? fields : null;
  }

  #take(error: Error, key: string, fields: Record<string, unknown>): string | null {
    try {
      const value = (error as unknown as Record<string, unknown>)[key];
      const what = findUnencodable(value);
      if (what !== null) return what.what;
      const bytes = atLeast(value) > this.#bytes ? atLeast(value) : encode(value).length;
      if (bytes > this.#bytes) return `${bytes} bytes`;
      this.#bytes -= bytes;
      fields[key] = value;
      return null;
    } catch (reason) {
      return String(reason);
    }
  }
}

// Known without a copy.
function atLeast(value: unknown): number {
  return typeof value === "string" ? value.length : ArrayBuffer.isView(value) ? value.byteLength : 0;
}

/** Gives `error` the properties that it had. */
export function setFields(error: Error, fields: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(fields)) {
    if (OWN.has(key)) continue;
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: true });
  }
}
