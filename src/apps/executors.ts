/** Options of executors: from what users say to what is opened. */

import { HeddleError } from "../errors.ts";
import type { ExecutorKind } from "../executors/executor.ts";
import type { ExecutorSettings } from "../executors/open.ts";
import type { Layers } from "./layers.ts";
import { bytesOf, tokensOf } from "./resources.ts";

/** Options of one of several executors. What is not said, the option of {@link RunOptions} with the same name says for all. */
export interface ExecutorOptions {
  /**
   * "threads" of this process; "mpi", the ranks of the job (one executor of a program at most: its threads are then on rank 0); "auto": mpi
   * under a launcher, else threads. Default: "threads", or `executor` of {@link RunOptions}.
   */
  kind?: ExecutorKind | "auto";
  /** JS workers of each rank, 1 to 4096, or "auto": an even part of the cores that executors with a number leave, at least one. */
  workers?: number | "auto";
  /** Commands at a time of each rank. Default: what `workers` says. */
  processSlots?: number | "auto";
  /** Calls of native apps at a time of each rank. */
  nativeSlots?: number | "auto";
  affinity?: "cores" | "none";
  /** Bytes, or text such as "64 GiB". Default: an even share of the node's among its ranks, and there of what executors that say so leave. */
  memory?: number | string;
  /**
   * GPUs that its tasks may ask for: so many of those of the program, which other executors do not get, or their names, each in one
   * executor. Default: none, where there are several executors.
   */
  gpus?: number | readonly string[];
  /** Things that exist once, and that this executor has. Default: none, but the first executor has `tokens` of {@link RunOptions}. */
  tokens?: Record<string, number>;
}

export const DEFAULT_LABEL = "default";

/** Throws ERR_CONFIG. */
export function executorsOf(layers: Layers, env: Readonly<Record<string, string | undefined>>): ExecutorSettings[] {
  const labels = layers.find("executors")?.value as string[] | undefined;
  if (labels === undefined) return [settingsOf(layers, DEFAULT_LABEL, true, namesOf(layers, env))];
  const names = gpusOf(layers, labels, namesOf(layers, env));
  return labels.map((label, k) => ({
    ...settingsOf(layers, label, labels.length === 1, names.get(label) ?? []),
    tokens: tokensOf("tokens", layers.find(`executors.${label}.tokens`, ...(k === 0 ? ["tokens"] : []))?.value ?? {}),
  }));
}

function settingsOf(layers: Layers, label: string, alone: boolean, devices: string[]): ExecutorSettings {
  const find = (name: string): unknown => layers.find(`executors.${label}.${name}`, name)?.value;
  const slots = (name: string): number | null | undefined => {
    const value = find(name);
    return value === "auto" ? null : (value as number | undefined);
  };
  const workers = slots("workers") ?? null;
  const processSlots = slots("processSlots");
  const kind = layers.find(`executors.${label}.kind`, "executor")?.value as ExecutorKind | "auto" | undefined;
  const memory = find("memory");
  return {
    label,
    kind: kind ?? (alone ? "auto" : "threads"),
    workers,
    processSlots: processSlots === undefined ? workers : processSlots,
    nativeSlots: slots("nativeSlots") ?? null,
    bind: find("affinity") === "cores",
    devices,
    memory: memory === undefined ? null : bytesOf("memory", memory),
    tokens: tokensOf("tokens", layers.find("tokens")?.value ?? {}),
  };
}

/** Of the whole process, as CUDA_VISIBLE_DEVICES has them. */
function namesOf(layers: Layers, env: Readonly<Record<string, string | undefined>>): string[] {
  const visible = (env["CUDA_VISIBLE_DEVICES"] ?? "").split(",").map((name) => name.trim());
  const seen = visible.length === 1 && visible[0] === "" ? [] : visible;
  const given = layers.find("gpus");
  if (given === null) return seen;
  if (typeof given.value !== "number") return [...(given.value as string[])];
  return seen.length === 0 ? numbered(given.value) : take(seen, given.value, "gpus");
}

/** Each executor gets some of its own: those that it names, or so many of what no executor names. */
function gpusOf(layers: Layers, labels: readonly string[], all: string[]): Map<string, string[]> {
  const [only] = labels;
  const asked = labels.map((label) => ({ label, given: layers.find(`executors.${label}.gpus`)?.value }));
  const named = asked.flatMap(({ label, given }) => (Array.isArray(given) ? [{ label, gpus: given as string[] }] : []));
  checkNamedOnce(named);
  const taken = new Set(named.flatMap(({ gpus }) => gpus));
  let left = all.filter((name) => !taken.has(name));
  const names = new Map<string, string[]>(named.map(({ label, gpus }) => [label, [...gpus]]));
  for (const { label, given } of asked) {
    if (given === undefined) names.set(label, labels.length === 1 && label === only ? all : []);
    if (typeof given !== "number") continue;
    const own = all.length === 0 ? numbered(given, taken) : take(left, given, `executors.${label}.gpus`);
    for (const name of own) taken.add(name);
    left = left.slice(given);
    names.set(label, own);
  }
  return names;
}

function checkNamedOnce(named: readonly { label: string; gpus: readonly string[] }[]): void {
  for (const [k, { label, gpus }] of named.entries()) {
    const other = named.slice(0, k).find((before) => before.gpus.some((name) => gpus.includes(name)));
    const twice = gpus.find((name) => other?.gpus.includes(name));
    if (other === undefined || twice === undefined) continue;
    throw new HeddleError(
      "ERR_CONFIG",
      `executors.${other.label}.gpus and executors.${label}.gpus both name GPU ${twice}.`,
      "name each GPU for one executor",
    );
  }
}

/** The lowest numbers that are not taken. */
function numbered(count: number, taken: ReadonlySet<string> = new Set()): string[] {
  const names: string[] = [];
  for (let k = 0; names.length < count; k++) if (!taken.has(String(k))) names.push(String(k));
  return names;
}

function take(names: readonly string[], count: number, path: string): string[] {
  if (count <= names.length) return names.slice(0, count);
  const there = names.length === 0 ? "none is left" : `what is left is ${names.join(",")}`;
  throw new HeddleError(
    "ERR_CONFIG",
    `${path} is ${count}, and of the GPUs of the program ${there}.`,
    "ask for fewer, or name more in HEDDLE_GPUS (else those of CUDA_VISIBLE_DEVICES count)",
  );
}
