/** Checks what users give for options against the table: all mistakes at once, each with its path and a suggestion. Pure. */

import { HeddleError } from "../errors.ts";
import { nearest } from "../serialize/nearest.ts";
import { shorten } from "../serialize/values.ts";
import { OPTIONS, type OptionRow } from "./options.ts";

export interface Mistake {
  /** What is wrong, in one sentence. */
  readonly what: string;
  readonly hint: string;
}

/** Options as somebody gave them: how one of them is called there. */
export interface Origin {
  /** For people: "run()", a file, "the environment". */
  readonly name: string;
  /** How messages call an option. */
  shown(path: string): string;
}

/** Options in code or in a file, called by their paths. */
export function originOf(name: string): Origin {
  return { name, shown: (path) => path };
}

const LABEL = /^[A-Za-z][\w.-]{0,63}$/;

/** Every mistake in `given`, in its order. */
export function mistakesIn(given: unknown, origin: Origin, rows: readonly OptionRow[] = OPTIONS, at = ""): Mistake[] {
  if (!isPlain(given)) {
    const what = at === "" ? `The options of ${origin.name} are` : `${origin.shown(at)} is`;
    return [{ what: `${what} ${shorten(given)}.`, hint: "give an object of options" }];
  }
  return Object.entries(given).flatMap(([name, value]) => {
    const row = rows.find((one) => one.name === name);
    const path = at === "" ? name : `${at}.${name}`;
    if (row === undefined) return [unknown(path, value, rows, at)];
    return value === undefined ? [] : mistakesOf(row, path, value, origin);
  });
}

function mistakesOf(row: OptionRow, path: string, value: unknown, origin: Origin): Mistake[] {
  const { kind, members, labelled } = row;
  if (members === undefined || !isPlain(value)) {
    return kind.holds(value) ? [] : [wrong(origin.shown(path), value, `give ${kind.accepts}`)];
  }
  if (labelled !== true) return mistakesIn(value, origin, members, path);
  const labels = Object.entries(value);
  if (labels.length === 0) return [wrong(path, value, "name at least one executor, or leave the option out")];
  return labels.flatMap(([label, options]) =>
    LABEL.test(label) && label !== "all"
      ? mistakesIn(options, origin, members, `${path}.${label}`)
      : [
          {
            what: `${path} has the label ${shorten(label)}.`,
            hint: 'a label is a letter, then letters, digits, and . _ -; "all" means every executor',
          },
        ],
  );
}

function unknown(path: string, value: unknown, rows: readonly OptionRow[], at: string): Mistake {
  const names = rows.map(({ name }) => name);
  const word = path.slice(at === "" ? 0 : at.length + 1);
  const near = nearest(word, names);
  const better = near === null ? `use ${names.join(", ")}` : `did you mean ${at === "" ? near : `${at}.${near}`}?`;
  return { what: `${path} is ${shorten(value)}, and there is no such option.`, hint: better };
}

function wrong(name: string, value: unknown, hint: string): Mistake {
  return { what: `${name} is ${shorten(value)}.`, hint };
}

/** One error of them all. */
export function errorOf(mistakes: readonly Mistake[], origin: Origin): HeddleError {
  const [only] = mistakes;
  const data = { mistakes };
  if (mistakes.length === 1 && only !== undefined) {
    const where = origin.name.startsWith("/") ? `${origin.name}: ` : "";
    return new HeddleError("ERR_CONFIG", where + only.what, only.hint, { data });
  }
  const lines = mistakes.map(({ what, hint }) => `\n  ${what}\n    ${hint}`);
  const message = `${mistakes.length} options of ${origin.name} are wrong.${lines.join("")}`;
  return new HeddleError("ERR_CONFIG", message, null, { data });
}

/** Throws ERR_CONFIG with every mistake. */
export function checkOptions(given: unknown, origin: Origin): void {
  const mistakes = mistakesIn(given, origin);
  if (mistakes.length > 0) throw errorOf(mistakes, origin);
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
