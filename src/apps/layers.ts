/** Where an option is looked for: flags of `heddle run`, the program, the environment, the configuration file. Pure. */

import { shorten } from "../serialize/values.ts";
import { OPTIONS, type OptionRow } from "./options.ts";
import { errorOf, isPlain, type Mistake, mistakesIn, originOf } from "./schema.ts";

/** Options of a configuration file. */
export interface LoadedConfig {
  /** Absolute. */
  readonly path: string;
  readonly options: object;
}

export interface Found {
  readonly value: unknown;
  /** For people. */
  readonly from: string;
}

/** Values by path, such as `executors.cpu.workers`; that of an option with members says whether it is there. */
type Flat = Map<string, unknown>;

interface Layer {
  readonly values: Flat;
  from(path: string): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const variables = new Map<string, OptionRow>();
for (const row of OPTIONS) {
  variables.set(row.name, row);
  if (row.labelled !== true)
    for (const member of row.members ?? []) variables.set(`${row.name}.${member.name}`, member);
}

export class Layers {
  readonly #layers: readonly Layer[];

  /** Throws ERR_CONFIG with all mistakes. The options of the configuration file have been checked. */
  constructor(by: string, given: object, env: Environment, config: LoadedConfig | null) {
    const mistakes = [...mistakesIn(given, originOf(by)), ...mistakesInVariables(env)];
    if (mistakes.length > 0) throw errorOf(mistakes, originOf(by));
    const flags = (env["HEDDLE_FLAGS"] ?? "").split(",");
    const named = (path: string): string =>
      variables.get(path)?.env ?? variables.get(path.split(".")[0] ?? "")?.env ?? "";
    const layers: Layer[] = [
      { values: ofVariables(env, (name) => flags.includes(name)), from: () => "flag of heddle run" },
      { values: flat(given), from: () => by },
      { values: ofVariables(env, () => true), from: named },
    ];
    if (config !== null) layers.push({ values: flat(config.options), from: () => config.path });
    this.#layers = layers;
  }

  /** The value that counts; null: nobody gave one. Of several paths any counts: in each place the first that is there. */
  find(...paths: readonly string[]): Found | null {
    for (const { values, from } of this.#layers) {
      const path = paths.find((one) => values.has(one));
      if (path !== undefined) return { value: values.get(path), from: from(path) };
    }
    return null;
  }
}

function ofVariables(env: Environment, isMeant: (name: string) => boolean): Flat {
  const values: Flat = new Map();
  for (const [path, row] of variables) {
    const word = row.env === undefined || !isMeant(row.env) ? undefined : env[row.env];
    if (word) put(values, row, path, row.kind.read(word));
  }
  return values;
}

function mistakesInVariables(env: Environment): Mistake[] {
  return [...variables.values()].flatMap(({ env: name, kind }) => {
    const word = name === undefined ? undefined : env[name];
    if (!word) return [];
    const value = kind.read(word);
    return kind.holds(value)
      ? []
      : [{ what: `${name} is ${typeof value === "number" ? value : shorten(word)}.`, hint: `give ${kind.accepts}` }];
  });
}

function flat(options: object): Flat {
  const values: Flat = new Map();
  for (const [name, value] of Object.entries(options)) {
    const row = variables.get(name);
    if (row !== undefined && value !== undefined) put(values, row, name, value);
  }
  return values;
}

function put(values: Flat, { members, labelled }: OptionRow, path: string, value: unknown): void {
  if (members === undefined) values.set(path, value);
  else if (labelled === true) {
    values.set(path, Object.keys(value as object));
    for (const [label, own] of Object.entries(value as object)) putMembers(values, `${path}.${label}`, own);
  } else {
    values.set(path, value !== false);
    if (typeof value === "string") values.set(`${path}.mode`, value);
    if (isPlain(value)) putMembers(values, path, value);
  }
}

function putMembers(values: Flat, path: string, own: object): void {
  for (const [name, value] of Object.entries(own)) if (value !== undefined) values.set(`${path}.${name}`, value);
}
