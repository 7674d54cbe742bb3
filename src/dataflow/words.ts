/** The argument strings of a command, from the arguments of a call. */

import { HeddleError } from "../errors.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { wordText } from "../serialize/strings.ts";
import type { Slot } from "../serialize/template.ts";
import { shorten } from "../serialize/values.ts";

/**
 * Makes the strings that the app's template, or its function, asks for.
 *
 * A template takes either one object with a value for each name, or values by position, which fill `{0}`, `{1}`, … and
 * the names in order of their first appearance.
 */
export function commandStrings(app: AppDefinition, args: readonly unknown[], index: number): string[] {
  if (app.fn !== null) return wordsOfFunction(app, args);
  const placeholders = app.placeholders ?? { slots: [], names: [] };
  const named = args.length === 1 && isRecord(args[0]) ? args[0] : null;
  return placeholders.slots.map((slot) => {
    if ("index" in slot) return String(index);
    const value = valueOf(slot, placeholders.names, args, named);
    const label = "name" in slot ? `{${slot.name}}` : `{${slot.position}}`;
    if (value === undefined) throw missing(app.name, label, args);
    return wordText(value, `App "${app.name}": the value of ${label}`);
  });
}

function valueOf(
  slot: Exclude<Slot, { index: true }>,
  names: readonly string[],
  args: readonly unknown[],
  named: Record<string, unknown> | null,
): unknown {
  if ("position" in slot) return named === null ? args[slot.position] : undefined;
  if (named !== null) return Object.hasOwn(named, slot.name) ? named[slot.name] : undefined;
  return args[names.indexOf(slot.name)];
}

function missing(app: string, label: string, args: readonly unknown[]): HeddleError {
  const given = args.length === 0 ? "nothing" : args.map((value) => shorten(value, 60)).join(", ");
  return new HeddleError(
    "ERR_COMMAND_TEMPLATE",
    `App "${app}": no value for the placeholder ${label}; given: ${given}.`,
    "pass an object with a value for each name, or one value for each placeholder",
  );
}

function wordsOfFunction(app: AppDefinition, args: readonly unknown[]): string[] {
  const made = (app.fn as (...values: unknown[]) => unknown)(...args);
  if (typeof made === "string") return ["/bin/sh", "-c", wordText(made, `App "${app.name}": the command`)];
  if (Array.isArray(made) && made.length > 0) {
    return made.map((word, k) => wordText(word, `App "${app.name}": word ${k} of the command`));
  }
  throw new HeddleError(
    "ERR_COMMAND_TEMPLATE",
    `App "${app.name}": its function returned ${shorten(made)}, which is no command.`,
    "return an array of words, or a string for /bin/sh",
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
