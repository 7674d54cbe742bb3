/** From an app, as users hold it, to its definition; and what the makers of apps share. */

import { HeddleError } from "../errors.ts";
import type { Placement } from "../native/binding.ts";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { needOf } from "./resources.ts";
import type { PlacementOptions } from "./types.ts";

/** Under this key an app carries its definition. */
export const DEFINITION: unique symbol = Symbol.for("heddle.definition");

/** The limit in ms; 0: none. Throws ERR_CONFIG. */
export function walltimeMs(name: string, walltime: number | undefined): number {
  if (walltime === undefined) return 0;
  if (typeof walltime === "number" && walltime > 0 && Number.isFinite(walltime)) return Math.ceil(walltime * 1_000);
  const meant = secondsOf(walltime);
  const hint = meant === null ? "give seconds, more than 0" : `give seconds: ${meant}`;
  throw new HeddleError("ERR_CONFIG", `App "${name}": walltime is ${shorten(walltime)}.`, hint);
}

const SECONDS: Record<string, number> = { ms: 0.001, s: 1, sec: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** Of "10m" or "00:10:00"; null where it is no such text. */
function secondsOf(text: unknown): number | null {
  const [, value, unit] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(String(text)) ?? [];
  if (value !== undefined) {
    const seconds = Number(value) * (SECONDS[unit?.toLowerCase() || "s"] ?? Number.NaN);
    return seconds > 0 ? seconds : null;
  }
  const clock = /^(?:(\d+)-)?(\d+):(\d+):(\d+)$/.exec(String(text));
  if (clock === null) return null;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = clock.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds || null;
}

const PRIORITY_MAX = 1_000;
const RANK_MAX = 0xffff_ffff;

/** Fills in `defaults`. Throws ERR_CONFIG; whether there is such a rank is known when tasks are submitted. */
export function placementOf(name: string, given: PlacementOptions, defaults: Placement = ANYWHERE): Placement {
  const { priority = defaults.priority, target, resources, executors } = given;
  if (!Number.isInteger(priority) || Math.abs(priority) > PRIORITY_MAX) {
    const message = `App "${name}": priority is ${shorten(priority)}.`;
    throw new HeddleError("ERR_CONFIG", message, `give an integer from -${PRIORITY_MAX} to ${PRIORITY_MAX}`);
  }
  const need = resources === undefined ? defaults.need : needOf(`App "${name}"`, resources);
  const labels = executors === undefined ? defaults.executors : labelsOf(name, executors);
  const { executors: _, ...others } = defaults;
  const own = labels === undefined ? {} : { executors: labels };
  if (target === undefined) return { ...others, priority, need, ...own };
  const { rank, node, soft = false } = (target ?? {}) as { rank?: unknown; node?: unknown; soft?: unknown };
  const one = rank ?? node;
  const isRank = typeof one === "number" && Number.isInteger(one) && one >= 0 && one <= RANK_MAX;
  if (!isRank || typeof soft !== "boolean" || (rank !== undefined && node !== undefined)) {
    const message = `App "${name}": target is ${shorten(target)}.`;
    throw new HeddleError("ERR_CONFIG", message, "give { rank: 3 } or { node: 3 }, or either with soft: true");
  }
  const placement = soft ? "first" : "only";
  return { priority, placement: rank === undefined ? `${placement} on node` : placement, target: one, need, ...own };
}

/** Undefined: all. Throws ERR_CONFIG; whether there are such executors is known when the program runs. */
function labelsOf(name: string, given: unknown): readonly string[] | undefined {
  if (given === "all") return undefined;
  const good = Array.isArray(given) && given.length > 0 && given.every((one) => typeof one === "string" && one !== "");
  if (good) return Object.freeze([...(given as string[])]);
  const hint = 'give "all", or a list of labels, such as ["gpu"]';
  throw new HeddleError("ERR_CONFIG", `App "${name}": executors is ${shorten(given)}.`, hint);
}

/** Throws ERR_CONFIG. */
export function isolationOf(name: string, isolation: unknown): boolean {
  if (isolation === undefined || isolation === "none") return false;
  if (isolation === "process") return true;
  const message = `App "${name}": isolation is ${shorten(isolation)}.`;
  throw new HeddleError("ERR_CONFIG", message, 'use "process" or "none"');
}

/** The error of a time limit for a native app: nothing can take a thread out of a C function. */
export function noWalltime(name: string): HeddleError {
  return new HeddleError(
    "ERR_CONFIG",
    `App "${name}" is native: its calls cannot be ended, so it has no walltime.`,
    "bound the work inside the function, or make it a command: bashApp() can end those",
  );
}

/** The definition behind an app. Throws ERR_APP_EXPECTED for a plain function or anything else. */
export function definitionOf(given: unknown, where: string): AppDefinition {
  const definition = (given as { [DEFINITION]?: AppDefinition } | null)?.[DEFINITION];
  if (definition !== undefined) return definition;
  const what = typeof given === "function" ? `the function ${given.name || "(anonymous)"}` : shorten(given);
  throw new HeddleError(
    "ERR_APP_EXPECTED",
    `${where} needs an app, got ${what}.`,
    'functions travel by name: define `const add = app("add", (a, b) => a + b)` at the top level and pass `add`',
  );
}
