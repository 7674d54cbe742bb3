/** What the contract suite is made of. A check is a promise that an executor keeps, and throws where it is broken. */

import type { Engine, TaskError } from "heddle";
import { where } from "../helpers/apps.ts";

export interface Setting {
  engine: Engine;
  /** Files may be written there. */
  folder: string;
}

/** Checks by the promise they are about. */
export type Checks = Record<string, (setting: Setting) => Promise<void>>;

/** The error that it fails with. */
export async function failureOf<E = TaskError>(work: PromiseLike<unknown>): Promise<E> {
  return await Promise.resolve(work).then(
    (value) => {
      throw new Error(`it succeeded with ${String(value)}`);
    },
    (error) => error as E,
  );
}

/** Resolves when every rank has run a task; gives the number of tasks that this took. */
export async function everyRankWorks(engine: Engine): Promise<number> {
  const seen = new Set<number>();
  let tasks = 0;
  while (seen.size < engine.ranks) {
    const ranks = await where.map(Array(20 * engine.ranks).fill([]));
    for (const rank of ranks) seen.add(rank);
    tasks += ranks.length;
  }
  return tasks;
}

/** Tasks that each rank has run so far. */
export function tasksByRank(engine: Engine): number[] {
  return engine.gatherStats().map((stats) => stats.tasksRun);
}

export function tasksRun(engine: Engine): number {
  return tasksByRank(engine).reduce((a, b) => a + b, 0);
}

/** Resolves when ranks that have a turn for other tasks run none but those; gives how many those were. */
export async function quiet(engine: Engine): Promise<number> {
  for (let own = 0; ; ) {
    const before = tasksRun(engine);
    const others = await everyRankWorks(engine);
    own += others;
    if (tasksRun(engine) === before + others) return own;
  }
}

/** Does `work` until every rank had a share of it. Gives the last result. */
export async function shared<T>(engine: Engine, work: () => PromiseLike<T>): Promise<T> {
  const before = tasksByRank(engine);
  for (;;) {
    const value = await work();
    if (tasksByRank(engine).every((tasks, rank) => tasks > (before[rank] as number))) return value;
  }
}
