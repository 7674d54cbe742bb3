/** Arguments and results that are checked while the program runs, by whatever library makes schemas: zod, valibot, arktype and others. */

import { HeddleError } from "../errors.ts";
import { isThenable } from "../serialize/blocks.ts";
import { PayloadError, payloadOf } from "../serialize/errors.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";

/** What a schema says of a value. */
export type SchemaResult<O> =
  | { readonly value: O; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What is wrong with a value, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * A schema, as the Standard Schema interface has it (https://standardschema.dev).
 *
 * @typeParam I - What may be given to it.
 * @typeParam O - What it makes of that.
 */
export interface StandardSchema<I = unknown, O = I> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>;
    readonly types?: { readonly input: I; readonly output: O } | undefined;
  };
}

/** One schema, for the one parameter of an app; or a list, for each parameter one. */
export type Schemas = StandardSchema | readonly [StandardSchema, ...StandardSchema[]];

type TypesOf<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>;

/** What may be given to a schema. */
export type SchemaInput<S extends StandardSchema> = TypesOf<S>["input"];

/** What a schema makes of it. */
export type SchemaOutput<S extends StandardSchema> = TypesOf<S>["output"];

/** Arguments that may be given. */
export type SchemaArguments<I extends Schemas> = I extends StandardSchema
  ? [SchemaInput<I>]
  : { -readonly [K in keyof I]: I[K] extends StandardSchema ? SchemaInput<I[K]> : never };

/** Arguments as the function gets them. */
export type SchemaParameters<I extends Schemas> = I extends StandardSchema
  ? [SchemaOutput<I>]
  : { -readonly [K in keyof I]: I[K] extends StandardSchema ? SchemaOutput<I[K]> : never };

type AnyFunction = (...args: unknown[]) => unknown;

const HINT = "call it with what its schema allows, or change the schema";

/** An app's function with the checks around it, and what checks a call's arguments before they are sent. Throws ERR_CONFIG. */
export function checkedBy(
  name: string,
  fn: (...args: never[]) => unknown,
  given: { input?: unknown; output?: unknown },
): { fn: AppDefinition["fn"] } & Pick<AppDefinition, "check"> {
  const input = given.input === undefined ? null : schemasOf(name, "input", given.input);
  const output = given.output === undefined ? null : (schemasOf(name, "output", given.output)[0] ?? null);
  if (input === null && output === null) return { fn };
  const run = fn as AnyFunction;
  const result = (value: unknown): unknown =>
    output === null ? value : whenThere(value, (one) => parse(output, one, null));
  const checked: AnyFunction = (...args) =>
    input === null
      ? result(run(...args))
      : whenThere(parseAll(input, args), (list) => result(run(...(list as unknown[]))));
  Object.defineProperty(checked, "length", { value: Math.max(fn.length, input?.length ?? 0) }); // By it maps tell rows from values.
  if (input === null) return { fn: checked };
  // One that has to wait is left to the worker.
  return {
    fn: checked,
    check: (args) =>
      void whenThere(
        parseAll(input, args),
        () => {},
        () => {},
      ),
  };
}

function schemasOf(name: string, option: "input" | "output", given: unknown): readonly StandardSchema[] {
  const list = option === "input" && Array.isArray(given) ? given : [given];
  const valid = (one: unknown): boolean =>
    typeof (one as Partial<StandardSchema> | null)?.["~standard"]?.validate === "function";
  if (list.length > 0 && list.every(valid)) return list as StandardSchema[];
  const wanted = option === "input" ? "a schema, or a list of one for each parameter" : "a schema";
  const hint = `give ${wanted}, of a library that has the Standard Schema interface (zod 3.24 or later, valibot, arktype)`;
  throw new HeddleError("ERR_CONFIG", `app("${name}"): ${option} is ${shorten(given)}.`, hint);
}

/** What schemas make of the arguments; those beyond the last schema stay. A promise where one of them has to wait. */
function parseAll(schemas: readonly StandardSchema[], args: readonly unknown[]): unknown {
  const parsed = [...args];
  let waits = false;
  schemas.forEach((schema, k) => {
    const made = parse(schema, args[k], k);
    // A schema after it may throw before anybody waits for this one.
    if (isThenable(made)) made.then(undefined, () => {});
    waits ||= isThenable(made);
    parsed[k] = made;
  });
  return waits ? Promise.all(parsed) : parsed;
}

function parse(schema: StandardSchema, value: unknown, argument: number | null): unknown {
  return whenThere(schema["~standard"].validate(value), (result) => {
    const { issues, value: made } = result as { issues?: readonly SchemaIssue[]; value: unknown };
    if (issues === undefined) return made;
    throw new PayloadError(
      payloadOf("ERR_SCHEMA", message(value, argument, issues), HINT, { data: dataOf(value, argument, issues) }),
    );
  });
}

function whenThere(value: unknown, then: (value: unknown) => unknown, failed?: (error: unknown) => unknown): unknown {
  return isThenable(value) ? value.then(then, failed) : then(value);
}

const ISSUES_SHOWN = 3;

function message(value: unknown, argument: number | null, issues: readonly SchemaIssue[]): string {
  const what = argument === null ? "its result" : `argument ${argument}`;
  const each = issues.slice(0, ISSUES_SHOWN).map(({ message: text, path = [] }) => {
    const keys = keysOf(path);
    const where = keys.length === 0 ? "" : `${pathText(keys)}: `;
    return `${where}${text} (it is ${shorten(at(value, keys))})`;
  });
  const more = issues.length > ISSUES_SHOWN ? `; and ${issues.length - ISSUES_SHOWN} more` : "";
  return `${what} does not fit its schema: ${each.join("; ")}${more}`;
}

function dataOf(value: unknown, argument: number | null, issues: readonly SchemaIssue[]): Record<string, unknown> {
  const first = keysOf(issues[0]?.path ?? []);
  const all = issues.map((issue) => ({ path: pathText(keysOf(issue.path ?? [])), message: issue.message }));
  return { argument, path: pathText(first), value: shorten(at(value, first)), issues: all };
}

function keysOf(path: NonNullable<SchemaIssue["path"]>): PropertyKey[] {
  return path.map((part) => (typeof part === "object" ? part.key : part));
}

/** As one would write it: `atoms[2].mass`. */
function pathText(keys: readonly PropertyKey[]): string {
  return keys.map((key, k) => (typeof key === "number" ? `[${key}]` : `${k === 0 ? "" : "."}${String(key)}`)).join("");
}

function at(value: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value);
}
