/** All options resolved once: past this file none is optional. */

import { resolve as absolute } from "node:path";
import type { MonitoringSettings } from "../dataflow/record.ts";
import type { ExecutorSettings } from "../executors/open.ts";
import { programEnvironment } from "../launchers/flags.ts";
import type { CheckpointMode, CheckpointSettings } from "../memo/checkpoint.ts";
import type { LogLevel } from "../monitoring/log.ts";
import type { RetryPolicy } from "../serialize/registry.ts";
import { defaultStaging, type StagingSettings } from "../staging/settings.ts";
import { DEFAULT_LABEL, executorsOf } from "./executors.ts";
import { Layers, type LoadedConfig } from "./layers.ts";
import { OPTIONS, type OptionRow, type RunOptions } from "./options.ts";
import { retriesOf } from "./policy.ts";
import { bytesOf } from "./resources.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ResolvedOptions {
  executors: ExecutorSettings[];
  /** 0: off. */
  ageingMs: number;
  /** Of apps that say nothing of it; null: none. */
  retries: RetryPolicy | null;
  checkpoint: CheckpointSettings | null;
  staging: StagingSettings;
  monitoring: MonitoringSettings;
}

export interface ResolveFor {
  /** Who was given the options. */
  by: "run()" | "start()" | "heddle config";
  config: LoadedConfig | null;
}

/** Throws ERR_CONFIG with all mistakes. */
export function resolveOptions(given: RunOptions, { by, config }: ResolveFor): ResolvedOptions {
  const env = programEnvironment();
  const layers = new Layers(by, given, env, config);
  const ageing = layers.find("ageing")?.value ?? "off";
  return {
    executors: executorsOf(layers, env),
    ageingMs: ageing === "off" ? 0 : Math.round((ageing as number) * 1_000),
    retries: retriesOf("The program", layers.find("retries")?.value ?? 0),
    checkpoint: checkpointOf(layers, env),
    staging: stagingOf(layers),
    monitoring: monitoringOf(layers, by === "start()" ? null : "runinfo"),
  };
}

/** Null: none. `heddle run --resume` makes one of what nobody speaks of. */
function checkpointOf(layers: Layers, env: Environment): CheckpointSettings | null {
  const found = layers.find("checkpoint");
  if (found === null ? env["HEDDLE_RESUME"] !== "1" : found.value === false) return null;
  const member = (name: string, otherwise: unknown): unknown => layers.find(`checkpoint.${name}`)?.value ?? otherwise;
  return {
    mode: member("mode", "task") as CheckpointMode,
    path: member("path", ".heddle/checkpoint.mdb") as string,
    periodMs: (member("period", 30) as number) * 1_000,
    loadFrom: [...(member("loadFrom", []) as string[])],
    maxBytes: bytesOf("checkpoint.maxBytes", member("maxBytes", "16 GiB")),
    ttlMs: (member("ttl", Number.POSITIVE_INFINITY) as number) * 1_000,
    durability: member("durability", "process") as "process" | "power",
  };
}

function stagingOf(layers: Layers): StagingSettings {
  const base = defaultStaging();
  const member = (name: string): unknown => layers.find(`staging.${name}`)?.value;
  const [cache, size, stall] = [member("cache"), member("cacheSize"), member("stall")];
  return {
    ...base,
    cache: cache === undefined ? base.cache : absolute(cache as string),
    cacheBytes: size === undefined ? base.cacheBytes : bytesOf("staging.cacheSize", size),
    retries: (member("retries") as number | undefined) ?? base.retries,
    stallMs: stall === undefined ? base.stallMs : (stall as number) * 1_000,
    shared: (member("shared") as boolean | undefined) ?? base.shared,
  };
}

function monitoringOf(layers: Layers, usual: string | null): MonitoringSettings {
  const asked = layers.find("runDir");
  const log = (layers.find("log")?.value as LogLevel | undefined) ?? null;
  const progress = layers.find("progress")?.value === true;
  const rows = rowsOf(layers).filter(({ value }) => value !== undefined);
  const given = Object.fromEntries(rows.map(({ path, value, from }) => [path, { value, from }]));
  const keep = (layers.find("keepRuns")?.value ?? "all") as number | "all";
  const own = { keepRuns: keep === "all" ? null : keep, log, progress, given };
  if (asked === null) return { runDir: usual, demanded: false, ...own };
  return { runDir: asked.value === false ? null : (asked.value as string), demanded: true, ...own };
}

/** One line of `heddle config`. */
export interface ResolvedRow {
  path: string;
  /** As it was given; undefined: the default. */
  value: unknown;
  /** In words. */
  default: string;
  from: string;
  text: string;
}

/** What every option is, and who says so. Throws ERR_CONFIG as {@link resolveOptions} does. */
export function listOptions(config: LoadedConfig | null, env: Environment): ResolvedRow[] {
  return rowsOf(new Layers("heddle config", {}, env, config));
}

function rowsOf(layers: Layers): ResolvedRow[] {
  const labels = layers.find("executors")?.value as string[] | undefined;
  const row = ({ default: usual, text }: OptionRow, ...paths: string[]): ResolvedRow => {
    const found = layers.find(...paths);
    return { path: paths[0] ?? "", value: found?.value, default: usual, from: found?.from ?? "default", text };
  };
  const inherited = (name: string): string => (name === "kind" ? "executor" : name);
  return OPTIONS.flatMap((option) => {
    const { name, members = [], labelled } = option;
    if (labelled === true) {
      return (labels ?? []).flatMap((label, k) =>
        members.map((member) => {
          const alone = member.name === "gpus" || (member.name === "tokens" && k > 0);
          const own = `${name}.${label}.${member.name}`;
          return alone ? row(member, own) : row(member, own, inherited(member.name));
        }),
      );
    }
    const whole = name === "staging" ? [] : [row(option, name)];
    const isOff = name === "checkpoint" && layers.find(name)?.value !== true;
    return [...whole, ...(isOff ? [] : members.map((member) => row(member, `${name}.${member.name}`)))];
  });
}

export { DEFAULT_LABEL };
