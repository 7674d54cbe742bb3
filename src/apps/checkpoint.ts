/** The option `checkpoint`, as users write it: read and checked. */

import { HeddleError } from "../errors.ts";
import type { CheckpointMode, CheckpointSettings } from "../memo/checkpoint.ts";
import { shorten } from "../serialize/values.ts";
import { bytesOf } from "./resources.ts";

/** Where results of apps with `cache` are kept between runs, and when they are written. */
export interface CheckpointOptions {
  /**
   * "task": as soon as a task is done, in groups, within milliseconds. "periodic": every `period` seconds. "exit": when the program ends in
   * order. "manual": by `engine.checkpoint()` alone. Default: "task".
   */
  mode?: CheckpointMode;
  /** The file. Default: ".heddle/checkpoint.mdb". HEDDLE_CHECKPOINT_PATH. */
  path?: string;
  /** Seconds, 0.01 to 10^6. Default: 30. */
  period?: number;
  /** Checkpoints of other runs, which are only read. Default: none. */
  loadFrom?: readonly string[];
  /** When the program ends and there is more, the least recently used go: bytes, or text such as "4 GiB". Default: "16 GiB". */
  maxBytes?: number | string;
  /** Seconds after which a result is no longer used. Default: no limit. */
  ttl?: number;
  /** "process": what was saved survives the end of the process, by SIGKILL too. "power": it is on the disk. Default: "process". */
  durability?: "process" | "power";
}

const MODES = ["task", "periodic", "exit", "manual"];
const KNOWN = ["mode", "path", "period", "loadFrom", "maxBytes", "ttl", "durability"];

/** Null: none. Environment variables win; `heddle run --resume` makes one of what would be none. Throws ERR_CONFIG. */
export function checkpointOf(given: unknown, env: NodeJS.ProcessEnv): CheckpointSettings | null {
  const word = env["HEDDLE_CHECKPOINT"];
  if (word === "off") return null;
  const options = asOptions(word, given) ?? (env["HEDDLE_RESUME"] === "1" ? {} : null);
  if (options === null) return null;
  const odd = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (odd !== undefined) throw wrong(odd, (options as Record<string, unknown>)[odd], `use ${KNOWN.join(", ")}`);
  const { mode = "task", period = 30, ttl = Number.POSITIVE_INFINITY, durability = "process" } = options;
  const { path = ".heddle/checkpoint.mdb", loadFrom = [], maxBytes = "16 GiB" } = options;
  if (!MODES.includes(mode)) throw wrong("mode", mode, `use ${MODES.join(", ")}`);
  if (!(typeof period === "number" && period >= 0.01 && period <= 1e6))
    throw wrong("period", period, "give seconds, 0.01 to 1000000");
  if (!(typeof ttl === "number" && ttl > 0)) throw wrong("ttl", ttl, "give seconds, more than 0");
  if (durability !== "process" && durability !== "power")
    throw wrong("durability", durability, 'use "process" or "power"');
  if (typeof path !== "string" || path === "") throw wrong("path", path, "give the path of a file");
  if (!Array.isArray(loadFrom) || !loadFrom.every((one) => typeof one === "string"))
    throw wrong("loadFrom", loadFrom, "give paths of files");
  return {
    mode,
    path: env["HEDDLE_CHECKPOINT_PATH"] || path,
    periodMs: period * 1_000,
    loadFrom: [...loadFrom],
    maxBytes: bytesOf("checkpoint.maxBytes", maxBytes),
    ttlMs: ttl * 1_000,
    durability,
  };
}

function asOptions(word: string | undefined, given: unknown): CheckpointOptions | null {
  if (word) {
    if (!MODES.includes(word)) {
      throw new HeddleError("ERR_CONFIG", `HEDDLE_CHECKPOINT is ${shorten(word)}.`, `use ${MODES.join(", ")} or off`);
    }
    return { ...(asOptions(undefined, given) ?? {}), mode: word as CheckpointMode };
  }
  if (given === undefined || given === false) return null;
  if (given === true) return {};
  if (typeof given === "string") return { mode: given as CheckpointMode };
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  throw new HeddleError(
    "ERR_CONFIG",
    `checkpoint is ${shorten(given)}.`,
    `give a mode (${MODES.join(", ")}), or { mode, path, ... }`,
  );
}

function wrong(name: string, value: unknown, hint: string): HeddleError {
  return new HeddleError("ERR_CONFIG", `checkpoint.${name} is ${shorten(value)}.`, hint);
}
