/** Kinds of values that options have: what each takes, and how a variable of the environment says it. Pure. */

import { bytesOf, tokensOf } from "./resources.ts";

export interface Kind {
  /** For people, after "give". */
  readonly accepts: string;
  holds(value: unknown): boolean;
  /** What the text of a variable means. It may be no such value: then it is shown as it is. */
  read(text: string): unknown;
}

const asIs = (text: string): unknown => text;
const numberOr = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

export function oneOf(...words: readonly string[]): Kind {
  const accepts = `one of ${words.join(", ")}`;
  return { accepts, holds: (value) => words.includes(value as string), read: asIs };
}

export function integer(least: number, most: number): Kind {
  const holds = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return { accepts: `an integer from ${least} to ${most}`, holds, read: numberOr };
}

export function seconds(least: number, most: number): Kind {
  const holds = (value: unknown): boolean => typeof value === "number" && value >= least && value <= most;
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`;
  return { accepts: `seconds, ${range}`, holds, read: numberOr };
}

/** That kind, or one of these words. */
export function or(kind: Kind, ...words: readonly string[]): Kind {
  const quoted = words.map((word) => `"${word}"`).join(" or ");
  const holds = (value: unknown): boolean => kind.holds(value) || words.includes(value as string);
  return { accepts: `${kind.accepts}, or ${quoted}`, holds, read: kind.read };
}

export const text: Kind = {
  accepts: "a text that is not empty",
  holds: (value) => typeof value === "string" && value !== "",
  read: asIs,
};

/** The path of a folder, or false, which variables call "none". */
export const folderOrFalse: Kind = {
  accepts: "the path of a folder, or false",
  holds: (value) => value === false || text.holds(value),
  read: (word) => (word === "none" ? false : word),
};

export const flag: Kind = {
  accepts: "true or false",
  holds: (value) => typeof value === "boolean",
  read: (word) => (["true", "1"].includes(word) ? true : ["false", "0"].includes(word) ? false : word),
};

export const texts: Kind = {
  accepts: "a list of texts",
  holds: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  read: (list) => list.split(",").map((one) => one.trim()),
};

export const bytes: Kind = {
  accepts: 'bytes, or text such as "4 GiB" (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)',
  holds: (value) => passes(() => bytesOf("", value)),
  read: asIs,
};

/** Of each name so many. Variables list them: "matlab=5,fluent=2". */
export const tokenCounts: Kind = {
  accepts: "a number from 1 to 65535 for each of at most 8 names, such as { matlab: 1 }; in a variable matlab=1",
  holds: (value) => passes(() => tokensOf("", value)),
  read: (list) => {
    const pairs = list.split(",").map((pair) => pair.split("=").map((part) => part.trim()));
    const good = pairs.every(([name, count, more]) => name && /^\d+$/.test(count ?? "") && more === undefined);
    return good ? Object.fromEntries(pairs.map(([name, count]) => [name, Number(count)])) : list;
  },
};

/** So many, or their names. */
export const gpuNames: Kind = {
  accepts: 'a number of GPUs, or names as CUDA_VISIBLE_DEVICES has them, such as ["0", "1"]; in a variable 0,1 or none',
  holds: (value) =>
    integer(0, 65_535).holds(value) || (texts.holds(value) && (value as string[]).every((name) => GPU.test(name))),
  read: (list) => (list === "none" ? [] : texts.read(list)),
};

const GPU = /^[\w./:-]+$/;

/** What has members of its own. */
export const retryCosts: Kind = {
  accepts: "an integer from 0 to 1000, or a function of the error",
  holds: (value) => typeof value === "function" || integer(0, 1_000).holds(value),
  read: numberOr,
};

export function group(accepts: string): Kind {
  return { accepts, holds: () => false, read: asIs };
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
