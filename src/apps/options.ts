/** Options of run(), start() and configuration files: their types, and one table of them all. */

import type { ExecutorKind } from "../executors/executor.ts";
import type { CheckpointMode } from "../memo/checkpoint.ts";
import { LOG_LEVELS } from "../monitoring/log.ts";
import type { CheckpointOptions } from "./checkpoint.ts";
import type { ExecutorOptions } from "./executors.ts";
import {
  bytes,
  flag,
  folderOrFalse,
  gpuNames,
  group,
  integer,
  type Kind,
  oneOf,
  or,
  retryCosts,
  seconds,
  text,
  texts,
  tokenCounts,
} from "./kinds.ts";
import type { MonitoringOptions } from "./monitoring.ts";
import type { Retries } from "./policy.ts";
import type { StagingOptions } from "./staging.ts";

/**
 * Options of {@link run}, and of {@link defineConfig}. Each is looked for in the program, then in the environment (HEDDLE_WORKERS, ...), then in the
 * configuration file; flags of `heddle run` come before all of these.
 */
export interface RunOptions extends MonitoringOptions {
  /**
   * Where tasks run: "inline" (main thread, for a debugger), "threads", "mpi", or "auto": mpi under a launcher, else
   * threads. Default: "auto". HEDDLE_EXECUTOR.
   */
  executor?: ExecutorKind | "auto";
  /**
   * Several executors, by label: `{ cpu: { workers: 4 }, gpu: { workers: 1, gpus: 1 } }`. Apps and calls choose with their option `executors`.
   * What an executor does not say, this page's options of the same names say for all. Default: one, whose label is "default".
   */
  executors?: Record<string, ExecutorOptions>;
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
   * GPUs that ranks of a node share and hand out to tasks: how many, or names as CUDA_VISIBLE_DEVICES has them. Default: those of
   * CUDA_VISIBLE_DEVICES. HEDDLE_GPUS, such as 0,1 or none.
   */
  gpus?: number | readonly string[];
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
  /** How often tasks of apps that say nothing of it (`retries` of an app, a call or a map) are tried again; not of what tasks call, nor the functions of joinApps, whose calls are. Default: 0. HEDDLE_RETRIES. */
  retries?: Retries;
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

/** A row of the table of options. */
export interface OptionRow {
  readonly name: string;
  readonly kind: Kind;
  /** In words. */
  readonly default: string;
  /** A variable of the environment that says the same. */
  readonly env?: string;
  readonly text: string;
  readonly members?: readonly OptionRow[];
  /** The members are those of each of many, by label. */
  readonly labelled?: true;
}

const slots: Kind = or(integer(1, 4_096), "auto");
const executorKind = oneOf("auto", "threads", "mpi", "inline");

/** Options of which each executor may have its own. */
const ofEach: readonly OptionRow[] = [
  { name: "workers", kind: slots, default: "auto", env: "HEDDLE_WORKERS", text: "JS workers of each rank" },
  {
    name: "processSlots",
    kind: slots,
    default: "as workers",
    env: "HEDDLE_PROCESS_SLOTS",
    text: "commands at a time of each rank",
  },
  {
    name: "nativeSlots",
    kind: slots,
    default: "auto",
    env: "HEDDLE_NATIVE_SLOTS",
    text: "calls of native apps at a time of each rank",
  },
  {
    name: "affinity",
    kind: oneOf("cores", "none"),
    default: "none",
    env: "HEDDLE_AFFINITY",
    text: "whether each slot keeps to a core",
  },
  {
    name: "memory",
    kind: bytes,
    default: "an even share of the node's",
    env: "HEDDLE_MEMORY",
    text: "memory of each rank that tasks may ask for",
  },
  {
    name: "gpus",
    kind: gpuNames,
    default: "CUDA_VISIBLE_DEVICES; none where there are several executors",
    env: "HEDDLE_GPUS",
    text: "GPUs that are handed out to tasks",
  },
  {
    name: "tokens",
    kind: tokenCounts,
    default: "none",
    env: "HEDDLE_TOKENS",
    text: "things that exist once, such as licences",
  },
];

const ofExecutor: readonly OptionRow[] = [
  { name: "kind", kind: executorKind, default: "threads; auto where it is alone", text: "where its tasks run" },
  ...ofEach.map(({ env: _, ...row }) => row),
];

const ofCheckpoint: readonly OptionRow[] = [
  {
    name: "mode",
    kind: oneOf("task", "periodic", "exit", "manual"),
    default: "task",
    text: "when results are written",
  },
  {
    name: "path",
    kind: text,
    default: ".heddle/checkpoint.mdb",
    env: "HEDDLE_CHECKPOINT_PATH",
    text: "the file",
  },
  { name: "period", kind: seconds(0.01, 1e6), default: "30", text: 'between writes, where the mode is "periodic"' },
  { name: "loadFrom", kind: texts, default: "none", text: "checkpoints of other runs, which are only read" },
  { name: "maxBytes", kind: bytes, default: "16 GiB", text: "what is kept when the program ends" },
  {
    name: "ttl",
    kind: seconds(0.001, Number.POSITIVE_INFINITY),
    default: "no limit",
    text: "after which a result is no longer used",
  },
  { name: "durability", kind: oneOf("process", "power"), default: "process", text: "what saved results survive" },
];

const ofStaging: readonly OptionRow[] = [
  {
    name: "cache",
    kind: text,
    default: "heddle/files in ~/.cache",
    env: "HEDDLE_STAGING_CACHE",
    text: "folder of copies, on each node",
  },
  {
    name: "cacheSize",
    kind: bytes,
    default: "50 GiB",
    env: "HEDDLE_STAGING_CACHE_SIZE",
    text: "what is kept there",
  },
  { name: "retries", kind: integer(0, 100), default: "4", text: "attempts after the first that breaks off" },
  { name: "stall", kind: seconds(0.1, 86_400), default: "60", text: "without a byte, until an attempt is given up" },
  { name: "shared", kind: flag, default: "false", text: "whether all nodes see the folder of copies" },
];

/** All options of run(), start(), defineConfig() and configuration files. */
export const OPTIONS: readonly OptionRow[] = [
  {
    name: "executor",
    kind: executorKind,
    default: "auto",
    env: "HEDDLE_EXECUTOR",
    text: "where tasks run: auto is mpi under a launcher, else threads",
  },
  {
    name: "executors",
    kind: group("options of executors by label, such as { cpu: { workers: 4 } }"),
    default: "one, labelled default",
    text: "several executors",
    members: ofExecutor,
    labelled: true,
  },
  ...ofEach,
  {
    name: "ageing",
    kind: or(seconds(0.001, 1e6), "off"),
    default: "off",
    env: "HEDDLE_AGEING",
    text: "waiting that is worth one more of priority",
  },
  {
    name: "retries",
    kind: retryCosts,
    default: "0",
    env: "HEDDLE_RETRIES",
    text: "how often tasks are tried again, unless their app says",
  },
  {
    name: "checkpoint",
    kind: {
      accepts:
        "a mode (task, periodic, exit, manual), true, false, or { mode, path, ... }; in a variable a mode or off",
      holds: (value) => typeof value === "boolean" || ofCheckpoint[0]?.kind.holds(value) === true,
      read: (word) => (word === "off" ? false : word),
    },
    default: "none",
    env: "HEDDLE_CHECKPOINT",
    text: "results of apps with cache outlive the program",
    members: ofCheckpoint,
  },
  {
    name: "staging",
    kind: group("an object: { cache, cacheSize, retries, stall, shared }"),
    default: "",
    text: "how files are brought to tasks",
    members: ofStaging,
  },
  {
    name: "runDir",
    kind: folderOrFalse,
    default: "runinfo of run(), false of start()",
    env: "HEDDLE_RUN_DIR",
    text: "where each run has a folder of its own",
  },
  {
    name: "keepRuns",
    kind: or(integer(1, 1_000_000), "all"),
    default: "all",
    env: "HEDDLE_KEEP_RUNS",
    text: "of how many runs the folders stay; older ones that have ended are removed",
  },
  {
    name: "log",
    kind: oneOf(...LOG_LEVELS),
    default: "info",
    env: "HEDDLE_LOG",
    text: "the least that is written to the log",
  },
  {
    name: "progress",
    kind: flag,
    default: "false",
    env: "HEDDLE_PROGRESS",
    text: "whether standard error shows what all apps do",
  },
];
