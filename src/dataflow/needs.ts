/** Is there what tasks need? Told when they are submitted: what nobody has would be waited for without end. */

import { HeddleError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import type { Need, Placement, RankCapacity, WorkerKind } from "../native/binding.ts";
import type { AppDefinition } from "../serialize/registry.ts";

/** Throws ERR_RESOURCES or ERR_TOKENS, or ERR_PLACEMENT where the node that is the target has no worker of the app's kind. */
export function checkNeed(executor: Executor, app: AppDefinition, { need, placement, target }: Placement): void {
  if (placement === "only on node") checkNode(executor, app, need, target);
  if (need === null) return;
  const { capacities, tokens } = executor;
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
    const all = tokens.find((token) => token.name === name)?.count ?? 0;
    if (count > all) throw tooFew(app.name, name, count, all);
  }
}

function checkNode(executor: Executor, app: AppDefinition, need: Need | null, target: number): void {
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

function fits(each: RankCapacity, kind: WorkerKind, need: Need): boolean {
  return each.cores[kind] >= need.cores && each.gpus >= need.gpus && each.memory >= need.memory;
}

function tooMuch(app: AppDefinition, need: Need, ranks: readonly RankCapacity[], who: string): HeddleError {
  const words = ({ cores, gpus, memory }: { cores: number; gpus: number; memory: number }): string =>
    `${cores} ${cores === 1 ? "core" : "cores"}, ${gpus} ${gpus === 1 ? "GPU" : "GPUs"} and ${bytesInWords(memory)} of memory`;
  const kinds = new Set(ranks.map((each) => words({ ...each, cores: each.cores[app.kind] })));
  const [first = "nothing", ...others] = kinds;
  const more =
    others.length === 0
      ? ""
      : `, or ${others.length > 3 ? `one of ${others.length} other sets` : others.join(", or ")}`;
  return new HeddleError(
    "ERR_RESOURCES",
    `Each task of app "${app.name}" needs ${words(need)}, and ${who} has ${first}${more}.`,
    "ask for less, or start ranks that have more (fewer ranks on a node, `workers`, HEDDLE_MEMORY, HEDDLE_GPUS)",
  );
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
