/** Is there what tasks need? Told when they are submitted: what nobody has would be waited for without end. */

import { HeddleError } from "../errors.ts";
import type { Need, Placement, RankCapacity, WorkerKind } from "../native/binding.ts";
import { nearest } from "../serialize/nearest.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import type { Executor, Member } from "./executor.ts";

/** Of an app what matters here. */
export type App = Pick<AppDefinition, "name" | "kind">;

/** Throws ERR_EXECUTOR, ERR_PLACEMENT, ERR_RESOURCES or ERR_TOKENS where none of these executors will do. */
export function checkTask(members: readonly Member[], app: App, placement: Placement): void {
  if (placement.executors !== undefined) {
    const there = members.map(({ label }) => label);
    checkLabels(app.name, placement.executors, there);
  }
  const asked = withLabels(members, placement.executors);
  const wrong: HeddleError[] = [];
  for (const { executor } of asked) {
    try {
      return checkOn(executor, app, placement);
    } catch (error) {
      wrong.push(error as HeddleError);
    }
  }
  throw members.length > 1 ? ofSeveral(asked, app, placement.need, wrong) : wrong[0];
}

/** None of several will do: says what each has, where that is what matters. */
function ofSeveral(asked: readonly Member[], app: App, need: Need | null, wrong: readonly HeddleError[]): HeddleError {
  const [first] = wrong as [HeddleError];
  const lacksTokens = wrong.filter(({ code }) => code === "ERR_TOKENS");
  const lacks = lacksTokens.length + wrong.filter(({ code }) => code === "ERR_RESOURCES").length;
  if (need === null || lacks < wrong.length) return first;
  const most = (name: string): number => Math.max(...asked.map(({ executor }) => tokensOf(executor, name)));
  const tooMany = need.tokens.find(({ name, count }) => count > most(name));
  if (lacksTokens.length === wrong.length && tooMany !== undefined)
    return tooFew(app.name, tooMany.name, tooMany.count, most(tooMany.name));
  const tokens = (count: (name: string) => number): string =>
    need.tokens.map(({ name }) => `, ${count(name)} of the tokens "${name}"`).join("");
  const each = asked.map(
    ({ label, executor }) =>
      `a rank of ${label} has ${has(app, executor.capacities)}${tokens((name) => tokensOf(executor, name))}`,
  );
  const wanted = `${amounts(need)}${tokens((name) => need.tokens.find((token) => token.name === name)?.count ?? 0)}`;
  return new HeddleError(
    lacksTokens.length === 0 ? "ERR_RESOURCES" : "ERR_TOKENS",
    `Each task of app "${app.name}" needs ${wanted}, and no executor that may run it has that: ${each.join("; ")}.`,
    "ask for less, name another executor, or give one of them more (`workers`, `gpus`, `memory`, `tokens`)",
  );
}

function tokensOf({ tokens }: Executor, name: string): number {
  return tokens.find((token) => token.name === name)?.count ?? 0;
}

/** Has this executor what such tasks need? */
export function suits(executor: Executor, app: App, placement: Placement): boolean {
  try {
    checkOn(executor, app, placement);
    return true;
  } catch {
    return false;
  }
}

/** Those that have one of the labels. */
export function withLabels<M extends Member>(members: readonly M[], labels?: readonly string[]): readonly M[] {
  return labels === undefined ? members : members.filter(({ label }) => labels.includes(label));
}

/** Throws ERR_EXECUTOR for the first label that no executor has. */
export function checkLabels(app: string, labels: readonly string[], there: readonly string[]): void {
  const missing = labels.find((label) => !there.includes(label));
  if (missing === undefined) return;
  const near = nearest(missing, there);
  throw new HeddleError(
    "ERR_EXECUTOR",
    `App "${app}" asks for the executor "${missing}", and there is none: there ${there.length === 1 ? "is" : "are"} ${there.join(", ")}.`,
    near === null ? "name one that is there, or add it to `executors` of heddle.config.ts" : `did you mean ${near}?`,
  );
}

/** A task calls an app: it runs on the task's own executor. Throws ERR_EXECUTOR. */
export function checkOwnLabel(app: string, labels: readonly string[], own: string): void {
  if (labels.includes(own)) return;
  throw new HeddleError(
    "ERR_EXECUTOR",
    `A task on the executor "${own}" called app "${app}", which asks for ${labels.join(", ")}.`,
    "tasks call apps of their own executor: call it from the program, with the task's future as its argument",
  );
}

function checkOn(executor: Executor, app: App, placement: Placement): void {
  checkTarget(executor, app.name, placement);
  checkNeed(executor, app, placement);
}

function checkTarget({ ranks }: Executor, app: string, { placement, target }: Placement): void {
  if (placement === "anywhere" || target < ranks) return;
  const there = ranks === 1 ? "there is rank 0 alone" : `ranks are 0 to ${ranks - 1}`;
  throw new HeddleError(
    "ERR_PLACEMENT",
    `Tasks of app "${app}" have rank ${target} as their target, and ${there}.`,
    "name a rank that is there (the engine's `ranks` says how many), or start more ranks",
  );
}

/** Throws ERR_RESOURCES or ERR_TOKENS, or ERR_PLACEMENT where the node that is the target has no worker of the app's kind. */
export function checkNeed(executor: Executor, app: App, { need, placement, target }: Placement): void {
  if (placement === "only on node") checkNode(executor, app, need, target);
  if (need === null) return;
  const { capacities } = executor;
  const only =
    placement === "only" ? capacities.filter(({ first, last }) => target >= first && target < last) : capacities;
  if (!only.some((each) => fits(each, app.kind, need)))
    throw tooMuch(
      app,
      need,
      only,
      placement === "only" ? `rank ${target}, their target, has less: it` : "no rank has that: a rank",
    );
  for (const { name, count } of need.tokens) {
    const all = tokensOf(executor, name);
    if (count > all) throw tooFew(app.name, name, count, all);
  }
}

function checkNode(executor: Executor, app: App, need: Need | null, target: number): void {
  const nodes = executor.nodes();
  const there = executor.capacities.filter(({ first, last }) =>
    nodes.subarray(first, last).some((lowest) => lowest === nodes[target]),
  );
  const workers = there.filter((each) => each.cores[app.kind] > 0);
  if (workers.length === 0) {
    throw new HeddleError(
      "ERR_PLACEMENT",
      `Tasks of app "${app.name}" have the node of rank ${target} as their target, and no rank there has a worker for them.`,
      "name a node that has workers for them, or let others take them: target: { node, soft: true }",
    );
  }
  if (need !== null && !workers.some((each) => fits(each, app.kind, need)))
    throw tooMuch(app, need, workers, `the node of rank ${target}, their target, has less: a rank there`);
}

/** Tasks that hold tokens and wait for tasks that need some could wait for each other. Throws ERR_TOKENS. */
export function checkHolder(app: string, need: Need | null): void {
  if (need === null || need.tokens.length === 0) return;
  throw new HeddleError(
    "ERR_TOKENS",
    `A task that holds tokens called app "${app}", whose tasks need some: it could wait for what it has itself.`,
    "let the outer app take none, or all that is needed within it",
  );
}

/** Has such a rank what a task needs? Null: a worker. */
export function fits(each: RankCapacity, kind: WorkerKind, need: Need | null): boolean {
  if (need === null) return each.cores[kind] > 0;
  return each.cores[kind] >= need.cores && each.gpus >= need.gpus && each.memory >= need.memory;
}

function tooMuch(app: App, need: Need, ranks: readonly RankCapacity[], who: string): HeddleError {
  return new HeddleError(
    "ERR_RESOURCES",
    `Each task of app "${app.name}" needs ${amounts(need)}, and ${who} has ${has(app, ranks)}.`,
    "ask for less, or start ranks that have more (fewer ranks on a node, `workers`, HEDDLE_MEMORY, HEDDLE_GPUS)",
  );
}

function amounts({ cores, gpus, memory }: { cores: number; gpus: number; memory: number }): string {
  return `${cores} ${cores === 1 ? "core" : "cores"}, ${gpus} ${gpus === 1 ? "GPU" : "GPUs"} and ${bytesInWords(memory)} of memory`;
}

/** What ranks have for tasks of the app, in words. */
function has(app: App, ranks: readonly RankCapacity[]): string {
  const kinds = new Set(ranks.map((each) => amounts({ ...each, cores: each.cores[app.kind] })));
  const [first = "nothing", ...others] = kinds;
  if (others.length === 0) return first;
  return `${first}, or ${others.length > 3 ? `one of ${others.length} other sets` : others.join(", or ")}`;
}

function tooFew(app: string, name: string, count: number, all: number): HeddleError {
  const there = all === 0 ? "there are none" : `there ${all === 1 ? "is" : "are"} ${all}`;
  return new HeddleError(
    "ERR_TOKENS",
    `Each task of app "${app}" needs ${count} of the tokens "${name}", and ${there}.`,
    `say how many exist: run(body, { tokens: { ${JSON.stringify(name)}: ${count} } }), or HEDDLE_TOKENS=${name}=${count}`,
  );
}

/** Pure. */
export function bytesInWords(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const k = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1_024 ** k).toPrecision(3))} ${units[k]}`;
}
