/** One of several executors: what is under way there, and how fast it gets done. Nothing here talks to the executor. */

import type { WorkerKind } from "../native/binding.ts";
import type { Executor, Member } from "./executor.ts";

/** An executor has work for so long, as far as is known: the front end may be busy with other things meanwhile, and what others could do sooner is kept back. */
const HORIZON_MS = 100;
const GRAIN_MS = 2; // What takes less is not divided.
const MEMORY_MS = 200; // How soon a speed that was measured earlier is forgotten.
/** Of a batch of an app whose speed is not known: small enough not to matter where this executor is the slowest by far. */
const FIRST_PART = 1 / 64;

/** Tasks that count together. */
export interface Flow {
  readonly app: string;
  readonly kind: WorkerKind;
  readonly priority: number;
  /** They need more than a worker, or a certain rank: others go past them where they wait. */
  readonly special: boolean;
}

interface Load {
  readonly flow: Flow;
  tasks: number;
}

/** Time that tasks of an app take there, one after the other, with all that runs beside them. */
class Speed {
  #ms = 0;
  #tasks = 0;

  heard(tasks: number, ms: number): void {
    const keep = Math.exp(-ms / MEMORY_MS);
    this.#ms = this.#ms * keep + ms;
    this.#tasks = this.#tasks * keep + tasks;
  }

  /** Milliseconds. */
  get perTask(): number {
    return Math.max(this.#ms / this.#tasks, 1e-6);
  }
}

export class Place {
  readonly label: string;
  readonly executor: Executor;
  readonly #loads = new Map<string, Load>();
  /** By app; none of those that were not heard of. */
  readonly #speeds = new Map<string, Speed>();
  /** From when on the time counts for those that are heard of next. */
  #since = 0;
  #tasks = 0;

  constructor({ label, executor }: Member) {
    this.label = label;
    this.executor = executor;
  }

  slots(kind: WorkerKind): number {
    return this.executor.slots[kind] * this.executor.ranks;
  }

  /** So many more tasks are under way; fewer, where it is negative. */
  add(flow: Flow, tasks: number, now: number): void {
    if (tasks === 0) return;
    const key = `${flow.kind}\0${flow.special}\0${flow.priority}\0${flow.app}`;
    const load = this.#loads.get(key) ?? { flow, tasks: 0 };
    load.tasks += tasks;
    if (load.tasks > 0) this.#loads.set(key, load);
    else this.#loads.delete(key);
    if (this.#tasks === 0) this.#since = now;
    this.#tasks += tasks;
  }

  /** So many tasks of each of these apps have ended since it was told before. */
  heard(tasks: ReadonlyMap<string, number>, now: number): void {
    const ms = now - this.#since;
    this.#since = now;
    const expected = (app: string, count: number): number => count * (this.#speeds.get(app)?.perTask ?? ms / count);
    let all = 0;
    for (const [app, count] of tasks) all += expected(app, count);
    for (const [app, count] of tasks) {
      const part = all > 0 ? (ms * expected(app, count)) / all : 0;
      const speed = this.#speeds.get(app) ?? new Speed();
      speed.heard(count, part);
      this.#speeds.set(app, speed);
    }
  }

  /** Tasks of the kind that are under way for each slot, of those that would not let this one past. */
  crowd(flow: Flow): number {
    let tasks = 0;
    for (const load of this.#ahead(flow)) tasks += load.tasks;
    return tasks / Math.max(1, this.slots(flow.kind));
  }

  /** Tasks per millisecond; of an app that is not known, or is not known everywhere, as many as there are slots. */
  pace({ app, kind }: Flow, known: boolean): number {
    const speed = known ? this.#speeds.get(app) : undefined;
    return speed === undefined ? Math.max(this.slots(kind), 1e-3) : 1 / speed.perTask;
  }

  knows(app: string): boolean {
    return this.#speeds.has(app);
  }

  /**
   * How many more tasks it should have: one for each slot at least, and as many as it does within a moment.
   *
   * @param left - How many there are.
   * @param share - The part of what all executors do together that this one does, 0 to 1.
   */
  room(flow: Flow, left: number, share: number): number {
    const slots = this.slots(flow.kind);
    let tasks = 0;
    let ms = 0;
    for (const load of this.#ahead(flow)) {
      tasks += load.tasks;
      ms += load.tasks * (this.#speeds.get(load.flow.app)?.perTask ?? HORIZON_MS / slots);
    }
    const idle = Math.max(0, slots - tasks);
    const speed = this.#speeds.get(flow.app);
    if (speed === undefined) return Math.min(left, Math.max(idle, tasks === 0 ? Math.floor(left * FIRST_PART) : 0));
    if (ms > HORIZON_MS / 2) return Math.min(left, idle);
    // The nearer the end, the less goes out at a time: so all end together, however wrong the speeds are.
    const part = Math.max(Math.ceil((left * share) / 2), Math.floor(GRAIN_MS / speed.perTask));
    const more = Math.min(part, Math.floor((HORIZON_MS - ms) / speed.perTask));
    return Math.min(left, Math.max(idle, more));
  }

  *#ahead({ kind, special, priority }: Flow): Generator<Load> {
    for (const load of this.#loads.values()) {
      const { flow } = load;
      if (flow.kind === kind && flow.special === special && flow.priority >= priority) yield load;
    }
  }
}
