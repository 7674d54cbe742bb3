/** Options of run() and start(), resolved once: past this file none is optional. */

import type { MonitoringSettings } from "../dataflow/record.ts";
import { HeddleError } from "../errors.ts";
import type { ExecutorKind } from "../executors/executor.ts";
import type { CheckpointMode, CheckpointSettings } from "../memo/checkpoint.ts";
import type { TokenKind } from "../native/binding.ts";
import { shorten } from "../serialize/values.ts";
import type { StagingSettings } from "../staging/settings.ts";
import { type CheckpointOptions, checkpointOf } from "./checkpoint.ts";
import { type MonitoringOptions, monitoringOf } from "./monitoring.ts";
import { bytesOf, parseTokens, tokensOf } from "./resources.ts";
import { type StagingOptions, stagingOf } from "./staging.ts";

/** Options of {@link run}. Environment variables of the same name (HEDDLE_WORKERS, ...) win. */
export interface RunOptions extends MonitoringOptions {
  /**
   * Where tasks run: "inline" (main thread, for a debugger), "threads", "mpi", or "auto": mpi under a launcher, else
   * threads. Default: "auto". HEDDLE_EXECUTOR.
   */
  executor?: ExecutorKind | "auto";
  /**
   * JS workers of each rank. Integer from 1 to 4096, or "auto": one for each core that is the rank's share of its node.
   * Cores count as far as the affinity mask (taskset, the launcher's binding) and the quota of the cgroup allow; those
   * that several ranks may use are shared evenly. At least 1. Default: "auto". HEDDLE_WORKERS.
   */
  workers?: number | "auto";
  /** Commands at a time of each rank. As `workers`. Default: what `workers` says. HEDDLE_PROCESS_SLOTS. */
  processSlots?: number | "auto";
  /** Calls of native apps at a time of each rank. As `workers`. Default: "auto". HEDDLE_NATIVE_SLOTS. */
  nativeSlots?: number | "auto";
  /**
   * "cores" binds each JS worker, each command and each native slot to one core of the rank's share, slot k to the k-th;
   * slots of a kind of which there are more than cores are not bound. Default: "none". HEDDLE_AFFINITY.
   */
  affinity?: "cores" | "none";
  /**
   * Memory of each rank that tasks may ask for (`resources`): bytes, or text such as "64 GiB". Default: an even share of what the node's
   * ranks may use. HEDDLE_MEMORY.
   */
  memory?: number | string;
  /**
   * Things that exist once for the whole job, such as software licences: of each name so many (1 to 65535), at most 8 names. Tasks that ask
   * for some (`resources: { tokens }`) never have more than that at a time, on all ranks together. The same on every rank. Default: none.
   * HEDDLE_TOKENS, as in `matlab=5,fluent=2`.
   */
  tokens?: Record<string, number>;
  /**
   * Seconds of waiting that are worth one more of priority, 0.001 to 10^6, or "off": then lower priorities wait for as long as there are
   * higher ones. The same on every rank, whose clocks should agree (NTP). Default: "off". HEDDLE_AGEING.
   */
  ageing?: number | "off";
  /**
   * Results of apps with `cache` are kept in a file, and found there by later runs: a mode, or all options. True: all defaults. Without the
   * option there is none, unless the program is started by `heddle run --resume`. HEDDLE_CHECKPOINT: a mode, or off.
   */
  checkpoint?: boolean | CheckpointMode | CheckpointOptions;
  /** How files that are arguments or outputs of calls are brought to where they are needed. */
  staging?: StagingOptions;
}

/** Options of {@link start}. */
export interface StartOptions extends RunOptions {
  /** Modules that define the apps: URLs, or paths relative to the working directory. Each worker loads them. */
  apps: readonly (string | URL)[];
}

export interface ResolvedOptions {
  executor: ExecutorKind | "auto";
  workers: number | null;
  processSlots: number | null;
  nativeSlots: number | null;
  bind: boolean;
  devices: string[];
  memory: number | null;
  tokens: TokenKind[];
  /** 0: off. */
  ageingMs: number;
  checkpoint: CheckpointSettings | null;
  staging: StagingSettings;
  monitoring: MonitoringSettings;
}

const EXECUTORS = ["inline", "threads", "mpi", "auto"];

/**
 * Fills in environment and defaults. Throws ERR_CONFIG.
 *
 * @param runDir - The run directory where nobody says otherwise.
 */
export function resolveOptions(given: RunOptions, runDir: string | false = false): ResolvedOptions {
  const fromEnvironment = process.env["HEDDLE_EXECUTOR"];
  const executor = fromEnvironment || given.executor || "auto";
  if (!EXECUTORS.includes(executor)) {
    const where = fromEnvironment ? "HEDDLE_EXECUTOR" : "executor";
    throw new HeddleError("ERR_CONFIG", `${where} is ${shorten(executor)}.`, `use one of ${EXECUTORS.join(", ")}`);
  }
  const { env } = process;
  const workers = slots("workers", env["HEDDLE_WORKERS"], given.workers, null);
  return {
    executor: executor as ExecutorKind | "auto",
    workers,
    processSlots: slots("processSlots", env["HEDDLE_PROCESS_SLOTS"], given.processSlots, workers),
    nativeSlots: slots("nativeSlots", env["HEDDLE_NATIVE_SLOTS"], given.nativeSlots, null),
    bind: affinity(given.affinity) === "cores",
    devices: gpus(env),
    memory: memory(env["HEDDLE_MEMORY"], given.memory),
    tokens: env["HEDDLE_TOKENS"] ? parseTokens(env["HEDDLE_TOKENS"]) : tokensOf("tokens", given.tokens ?? {}),
    checkpoint: checkpointOf(given.checkpoint, env),
    staging: stagingOf(given.staging),
    monitoring: monitoringOf(given, env, runDir),
    ageingMs: ageing(env["HEDDLE_AGEING"], given.ageing),
  };
}

function ageing(text: string | undefined, given: unknown = "off"): number {
  const value = text || given;
  if (value === "off") return 0;
  const seconds = typeof value === "string" ? Number(value) : value;
  if (typeof seconds === "number" && seconds >= 0.001 && seconds <= 1e6) return Math.round(seconds * 1_000);
  const message = `${text ? "HEDDLE_AGEING" : "ageing"} is ${shorten(value)}.`;
  throw new HeddleError("ERR_CONFIG", message, 'give seconds, 0.001 to 1000000, or "off"');
}

function memory(text: string | undefined, given: unknown): number | null {
  if (text) return bytesOf("HEDDLE_MEMORY", text);
  return given === undefined ? null : bytesOf("memory", given);
}

/** `text` is from the environment. Null: as many as the rank's share of the node's cores. */
function slots(name: string, text: string | undefined, given: unknown, otherwise: number | null): number | null {
  const value = text ? (/^\d+$/.test(text) ? Number(text) : text) : given;
  if (value === undefined) return otherwise;
  if (value === "auto") return null;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 4_096) return value as number;
  const where = text ? `HEDDLE_${name.replace("S", "_S").toUpperCase()}` : name;
  throw new HeddleError("ERR_CONFIG", `${where} is ${shorten(value)}.`, 'pass an integer from 1 to 4096, or "auto"');
}

function affinity(given: string | undefined): string {
  const value = process.env["HEDDLE_AFFINITY"] || given || "none";
  if (value === "cores" || value === "none") return value;
  const where = process.env["HEDDLE_AFFINITY"] ? "HEDDLE_AFFINITY" : "affinity";
  throw new HeddleError("ERR_CONFIG", `${where} is ${shorten(value)}.`, 'use "cores" or "none"');
}

/** GPUs that are handed out to slots: names, as CUDA_VISIBLE_DEVICES has them. Throws ERR_CONFIG. */
export function gpus(environment: NodeJS.ProcessEnv): string[] {
  const given = environment["HEDDLE_GPUS"];
  const names = (given ?? environment["CUDA_VISIBLE_DEVICES"] ?? "").split(",").map((name) => name.trim());
  if (given === "none" || (names.length === 1 && names[0] === "")) return [];
  if (given === undefined || names.every((name) => /^[\w./:-]+$/.test(name))) return names;
  const hint = "list names as CUDA_VISIBLE_DEVICES does, such as 0,1; or none";
  throw new HeddleError("ERR_CONFIG", `HEDDLE_GPUS is ${shorten(given)}.`, hint);
}
