/** Several executors as one: which of them may run a batch is decided here, which of those does in handed-out.ts. */

import type { Drained, RankCapacity, SessionStats, SubmitOptions, TokenKind, WorkerKind } from "../native/binding.ts";
import { ANYWHERE, findApp } from "../serialize/registry.ts";
import type { Executor, ExecutorKind, Member } from "./executor.ts";
import { HandedOut } from "./handed-out.ts";
import { suits, withLabels } from "./needs.ts";
import { type Flow, Place } from "./place.ts";

export class SeveralExecutors implements Executor {
  readonly members: readonly Member[];
  readonly workers: number;
  readonly slots: Record<WorkerKind, number>;
  readonly tokens: readonly TokenKind[];
  /** Tasks with a target go there: the one with the most ranks. */
  readonly #first: Executor;
  readonly #places: readonly Place[];
  readonly #work: HandedOut;

  /** @param ageingMs - Waiting that is worth one more of priority; 0: none. */
  constructor(members: readonly Member[], ageingMs = 0) {
    this.#places = members.map((member) => new Place(member));
    this.#work = new HandedOut(this.#places, ageingMs);
    this.members = this.#places;
    const executors = members.map(({ executor }) => executor);
    this.#first = executors.reduce((best, each) => (each.ranks > best.ranks ? each : best));
    const sum = (count: (each: Executor) => number): number => executors.reduce((all, each) => all + count(each), 0);
    this.workers = sum(({ workers }) => workers);
    this.slots = {
      js: sum(({ slots }) => slots.js),
      process: sum(({ slots }) => slots.process),
      native: sum(({ slots }) => slots.native),
    };
    this.tokens = executors.flatMap(({ tokens }) => tokens);
  }

  get kind(): ExecutorKind {
    return this.#first.kind;
  }

  get rank(): number {
    return this.#first.rank;
  }

  get ranks(): number {
    return this.#first.ranks;
  }

  get hostname(): string {
    return this.#first.hostname;
  }

  get capacities(): readonly RankCapacity[] {
    return this.#first.capacities;
  }

  nodes(): Uint32Array {
    return this.#first.nodes();
  }

  onEvents(notify: () => void): void {
    for (const { executor } of this.#places) executor.onEvents(notify);
  }

  submit(given: SubmitOptions): number {
    const kind = findApp(given.app)?.kind ?? "js";
    const { options, places } = this.#choose(given, kind);
    const { app, priority, need, placement } = options;
    const flow: Flow = { app, kind, priority, special: need !== null || placement !== "anywhere" };
    return this.#work.submit(options, flow, places);
  }

  /** Where it may go. One that would rather be on a rank that no such executor has goes anywhere. */
  #choose(options: SubmitOptions, kind: WorkerKind): { options: SubmitOptions; places: readonly Place[] } {
    const labelled = withLabels(this.#places, options.executors);
    const app = { name: options.app, kind };
    const fits = labelled.filter(({ executor }) => suits(executor, app, options));
    if (fits.length === 0 && options.placement.startsWith("first")) {
      return this.#choose({ ...options, placement: ANYWHERE.placement, target: 0 }, kind);
    }
    const able = fits.filter(({ executor }) => executor.slots[kind] > 0);
    const places = able.length > 0 ? able : fits.length > 0 ? fits : labelled;
    if (able.length > 0 && options.placement === "anywhere" && options.first < options.last) return { options, places };
    const target = places.reduce((best, each) => (each.executor.ranks > best.executor.ranks ? each : best));
    return { options, places: [target] };
  }

  hasEvents(): boolean {
    return this.#places.some(({ executor }) => executor.hasEvents());
  }

  waitEvents(us: number): boolean {
    const busy = this.#places.filter((place) => this.#work.anyOn(place));
    const [only] = busy;
    if (only !== undefined && busy.length === 1) return only.executor.waitEvents(us);
    return this.hasEvents();
  }

  drain(): Drained {
    const all: Drained = { begun: [], records: [], finished: [], overdue: [], fatal: null, closed: false };
    for (const place of this.#places) {
      const drained = place.executor.drain();
      this.#work.heard(place, drained, all);
      for (const worker of drained.overdue) place.executor.endOverdue(worker); // Numbers of workers are the executor's own.
      all.fatal ??= drained.fatal;
      all.closed ||= drained.closed;
    }
    if (all.fatal !== null) this.#work.stop();
    return all;
  }

  credit(number: number, bytes: number): void {
    this.#work.credit(number, bytes);
  }

  cancel(number: number): void {
    this.#work.cancel(number);
  }

  stats(): SessionStats {
    const all = this.#places.map(({ executor }) => executor.stats()).reduce(together);
    const { rank, ranks, hostname } = this.#first;
    return { ...all, rank, ranks, hostname };
  }

  gatherStats(): SessionStats[] {
    const byRank = new Map<number, SessionStats>();
    for (const { executor } of this.#places) {
      for (const each of executor.gatherStats()) {
        const before = byRank.get(each.rank);
        byRank.set(each.rank, before === undefined ? each : together(before, each));
      }
    }
    return [...byRank.values()].sort((a, b) => a.rank - b.rank);
  }

  setPolling(on: boolean): void {
    for (const { executor } of this.#places) executor.setPolling(on);
  }

  endOverdue(): void {} // drain() does.

  async close(): Promise<void> {
    this.#work.stop();
    await Promise.all(this.#places.map(({ executor }) => executor.close()));
  }

  closeNow(): void {
    this.#work.stop();
    for (const { executor } of this.#places) executor.closeNow();
  }

  /** That of MPI last: it may end this process. */
  abort(exitCode: number): void {
    this.#work.stop();
    for (const { executor } of this.#places) if (executor.kind !== "mpi") executor.abort(exitCode);
    for (const { executor } of this.#places) if (executor.kind === "mpi") executor.abort(exitCode);
  }
}

function together(a: SessionStats, b: SessionStats): SessionStats {
  return {
    ...a,
    tasksRun: a.tasksRun + b.tasksRun,
    stealsAsked: a.stealsAsked + b.stealsAsked,
    stealsServed: a.stealsServed + b.stealsServed,
    framesSent: a.framesSent + b.framesSent,
    framesReceived: a.framesReceived + b.framesReceived,
    bytesSent: a.bytesSent + b.bytesSent,
  };
}
