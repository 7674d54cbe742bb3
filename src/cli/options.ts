/** Reads command lines: node:util's parseArgs, with errors that say what was meant. Pure. */

import { parseArgs } from "node:util";
import { HeddleError } from "../errors.ts";
import { nearest } from "../serialize/nearest.ts";

export interface Option {
  type: "string" | "boolean";
  short?: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Parsed {
  values: Record<string, string | boolean>;
  positionals: string[];
}

/** Everything before the first word that is no option, and everything from it on: a program's options are its own. */
export function splitAtProgram(args: readonly string[], options: Options): [own: string[], rest: string[]] {
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const end = tokens.find((token) => token.kind !== "option");
  if (end === undefined) return [[...args], []];
  return [args.slice(0, end.index), args.slice(end.kind === "option-terminator" ? end.index + 1 : end.index)];
}

/** Parses the options of one command. Throws `ERR_CONFIG` that names the option. */
export function parseOptions(command: string, args: readonly string[], options: Options): Parsed {
  const parsed = parseArgs({
    args: [...args],
    options: { ...options },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    const option = options[token.name];
    if (option === undefined) throw unknownOption(command, token.rawName, options);
    if (option.type === "string" && token.value === undefined) {
      throw new HeddleError("ERR_CONFIG", `${token.rawName} needs a value.`, `see \`heddle ${command} --help\``);
    }
    if (option.type === "boolean" && token.value !== undefined) {
      throw new HeddleError(
        "ERR_CONFIG",
        `${token.rawName} takes no value, but got "${token.value}".`,
        `write ${token.rawName}`,
      );
    }
  }
  const values = Object.fromEntries(
    Object.entries(parsed.values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return { values: values as Parsed["values"], positionals: parsed.positionals };
}

/** A whole number, at least 1; `null` when not given. */
export function parseCount(text: string | boolean | undefined, name: string, max: number): number | null {
  if (text === undefined) return null;
  const count = Number(text);
  if (/^\d+$/.test(String(text)) && count >= 1 && count <= max) return count;
  throw new HeddleError("ERR_CONFIG", `${name} is "${text}".`, `give a whole number from 1 to ${max}`);
}

function unknownOption(command: string, given: string, options: Options): HeddleError {
  const names = Object.entries(options).flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
  const near = nearest(given, names);
  const hint = near === null ? `see \`heddle ${command} --help\`` : `did you mean ${near}?`;
  return new HeddleError("ERR_CONFIG", `\`heddle ${command}\` has no option ${given}.`, hint);
}
