/** What tasks say that they need, as users write it: read and checked. */

import { HeddleError } from "../errors.ts";
import type { Need, TokenKind } from "../native/binding.ts";
import { shorten } from "../serialize/values.ts";
import type { Resources } from "./types.ts";

const COUNT_MAX = 65_535;
const TOKEN_KINDS_MAX = 8;
const UNITS: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
for (const [k, unit] of ["KiB", "MiB", "GiB", "TiB"].entries()) UNITS[unit] = 1_024 ** (k + 1);

/** Null where it is what every task has: one core. Throws ERR_CONFIG. `where` begins the message. */
export function needOf(where: string, given: Resources): Need | null {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong(`${where}: resources is ${shorten(given)}.`, 'give an object, such as { cores: 4, memory: "8 GiB" }');
  }
  const known = ["cores", "memory", "gpus", "tokens"];
  const odd = Object.keys(given).find((key) => !known.includes(key));
  if (odd !== undefined) throw wrong(`${where}: resources has "${odd}".`, `use ${known.join(", ")}`);
  const { cores = 1, gpus = 0, memory = 0, tokens = {} } = given;
  const need = {
    cores: count(`${where}: resources.cores`, cores, 1),
    gpus: count(`${where}: resources.gpus`, gpus, 0),
    memory: bytesOf(`${where}: resources.memory`, memory),
    tokens: tokensOf(`${where}: resources.tokens`, tokens),
  };
  const plain = need.cores === 1 && need.gpus === 0 && need.memory === 0 && need.tokens.length === 0;
  return plain ? null : need;
}

/** Sorted by name. Throws ERR_CONFIG. */
export function tokensOf(where: string, given: unknown): TokenKind[] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong(`${where} is ${shorten(given)}.`, "give a number for each name, such as { matlab: 1 }");
  }
  const all = Object.entries(given as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  if (all.length > TOKEN_KINDS_MAX) {
    throw wrong(`${where} names ${all.length} kinds.`, `use at most ${TOKEN_KINDS_MAX} kinds of tokens in a program`);
  }
  return all.map(([name, number]) => ({ name, count: count(`${where}.${name}`, number, 1) }));
}

/** Bytes, of a number of them or of text such as "4 GiB". Throws ERR_CONFIG. */
export function bytesOf(where: string, given: unknown): number {
  if (typeof given === "number" && given >= 0 && Number.isSafeInteger(Math.ceil(given))) return Math.ceil(given);
  const [, number, unit = "B"] = /^\s*(\d+(?:\.\d+)?)\s*([kKMGT]?i?B)?\s*$/.exec(String(given)) ?? [];
  const factor = UNITS[unit];
  if (typeof given !== "string" || number === undefined || factor === undefined) {
    throw wrong(
      `${where} is ${shorten(given)}.`,
      `give bytes, or text such as "4 GiB" (${Object.keys(UNITS).join(", ")})`,
    );
  }
  return Math.ceil(Number(number) * factor);
}

function count(where: string, given: unknown, least: number): number {
  if (Number.isInteger(given) && (given as number) >= least && (given as number) <= COUNT_MAX) return given as number;
  throw wrong(`${where} is ${shorten(given)}.`, `give an integer from ${least} to ${COUNT_MAX}`);
}

function wrong(message: string, hint: string): HeddleError {
  return new HeddleError("ERR_CONFIG", message, hint);
}
