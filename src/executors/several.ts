/**
 * Several executors as one. A batch goes to those of its labels that have what its tasks need: whole, where it has a target or one task;
 * else in shares, so that each executor has as much to do for its slots as the others. Nothing moves between them afterwards.
 */

import type {
  Drained,
  RankCapacity,
  SessionStats,
  SubmitOptions,
  TaskRecord,
  TokenKind,
  WorkerKind,
} from "../native/binding.ts";
import { ANYWHERE, findApp } from "../serialize/registry.ts";
import type { Executor, ExecutorKind, Member } from "./executor.ts";
import { suits, withLabels } from "./needs.ts";
import { partOf, sharesOf } from "./shares.ts";

interface Part {
  readonly place: Place;
  /** Its number there. */
  readonly number: number;
  readonly kind: WorkerKind;
  /** Tasks of which nothing was heard. */
  left: number;
}

interface Batch {
  readonly number: number;
  readonly parts: Part[];
  open: number;
  /** Payloads that were given out and are not yet credited, in the order in which they were, where there are several parts. */
  readonly owed: { part: Part; bytes: number }[];
}

/** One of the executors, and what is under way there. */
class Place {
  readonly label: string;
  readonly executor: Executor;
  readonly batches = new Map<number, { batch: Batch; part: Part }>();
  /** Tasks by kind of worker. */
  readonly busy: Record<WorkerKind, number> = { js: 0, process: 0, native: 0 };

  constructor({ label, executor }: Member) {
    this.label = label;
    this.executor = executor;
  }
}

export class SeveralExecutors implements Executor {
  readonly members: readonly Member[];
  readonly workers: number;
  readonly slots: Record<WorkerKind, number>;
  readonly tokens: readonly TokenKind[];
  /** Tasks with a target go there: the one with the most ranks. */
  readonly #first: Executor;
  readonly #places: readonly Place[];
  readonly #batches = new Map<number, Batch>();
  #made = 0;

  constructor(members: readonly Member[]) {
    this.#places = members.map((member) => new Place(member));
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
    const batch: Batch = { number: ++this.#made, parts: [], open: 0, owed: [] };
    this.#batches.set(batch.number, batch);
    const slots = places.map(({ executor }) => executor.slots[kind] * executor.ranks);
    const busy = places.map((place) => place.busy[kind]);
    const shares = sharesOf(options.last - options.first, slots, busy);
    let first = options.first;
    for (const [k, share] of shares.entries()) {
      const place = places[k];
      if (place === undefined || (share === 0 && shares.length > 1)) continue;
      const whole = share === options.last - options.first;
      const number = place.executor.submit(whole ? options : partOf(options, first, first + share));
      const part: Part = { place, number, kind, left: share };
      place.batches.set(number, { batch, part });
      place.busy[kind] += share;
      batch.parts.push(part);
      batch.open++;
      first += share;
    }
    return batch.number;
  }

  /** Where it may go. One that would rather be on a rank that no such executor has goes anywhere. */
  #choose(options: SubmitOptions, kind: WorkerKind): { options: SubmitOptions; places: readonly Place[] } {
    const labelled = withLabels(this.#places, options.executors);
    const app = { name: options.app, kind };
    const fits = labelled.filter(({ executor }) => suits(executor, app, options));
    if (fits.length === 0 && options.placement.startsWith("first")) {
      return this.#choose({ ...options, placement: ANYWHERE.placement, target: 0 }, kind);
    }
    const places = fits.length > 0 ? fits : labelled;
    if (options.placement === "anywhere" && options.first < options.last) return { options, places };
    const target = places.reduce((best, each) => (each.executor.ranks > best.executor.ranks ? each : best));
    return { options, places: [target] };
  }

  hasEvents(): boolean {
    return this.#places.some(({ executor }) => executor.hasEvents());
  }

  waitEvents(us: number): boolean {
    const busy = this.#places.filter(({ batches }) => batches.size > 0);
    const [only] = busy;
    if (only !== undefined && busy.length === 1) return only.executor.waitEvents(us);
    return this.hasEvents();
  }

  drain(): Drained {
    const all: Drained = { begun: [], records: [], finished: [], overdue: [], fatal: null, closed: false };
    for (const place of this.#places) {
      const { begun, records, finished, overdue, fatal, closed } = place.executor.drain();
      for (const task of begun) {
        const batch = place.batches.get(task.batch)?.batch.number;
        if (batch !== undefined) all.begun.push({ ...task, batch });
      }
      for (const record of records) if (this.#take(place, record)) all.records.push(record);
      for (const number of finished) this.#finish(place, number, all.finished);
      for (const worker of overdue) place.executor.endOverdue(worker); // Numbers of workers are the executor's own.
      all.fatal ??= fatal;
      all.closed ||= closed;
    }
    return all;
  }

  #take(place: Place, record: TaskRecord): boolean {
    const found = place.batches.get(record.batch);
    if (found === undefined) return false;
    const { batch, part } = found;
    part.left = this.#heard(part, record.last - record.first);
    if (batch.parts.length > 1 && record.payload !== null) batch.owed.push({ part, bytes: record.payload.length });
    record.batch = batch.number;
    return true;
  }

  /** Of some records several tell of the same tasks, so a part never counts for less than nothing. */
  #heard({ place, kind, left }: Part, count: number): number {
    const less = Math.min(count, left);
    place.busy[kind] -= less;
    return left - less;
  }

  #finish(place: Place, number: number, finished: number[]): void {
    const found = place.batches.get(number);
    if (found === undefined) return;
    place.batches.delete(number);
    found.part.left = this.#heard(found.part, found.part.left);
    found.batch.open--;
    if (found.batch.open > 0) return;
    this.#batches.delete(found.batch.number);
    finished.push(found.batch.number);
  }

  credit(number: number, bytes: number): void {
    const batch = this.#batches.get(number);
    const [only] = batch?.parts ?? [];
    if (batch === undefined || only === undefined) return;
    if (batch.parts.length === 1) return only.place.executor.credit(only.number, bytes);
    for (let left = bytes; left > 0; ) {
      const next = batch.owed[0];
      if (next === undefined) return;
      const now = Math.min(left, next.bytes);
      next.part.place.executor.credit(next.part.number, now);
      left -= now;
      next.bytes -= now;
      if (next.bytes === 0) batch.owed.shift();
    }
  }

  cancel(number: number): void {
    const batch = this.#batches.get(number);
    if (batch === undefined) return;
    this.#batches.delete(number);
    for (const part of batch.parts) {
      if (!part.place.batches.delete(part.number)) continue;
      part.left = this.#heard(part, part.left);
      part.place.executor.cancel(part.number);
    }
  }

  stats(): SessionStats {
    const { rank, ranks, hostname } = this.#first;
    const all = this.#places.map(({ executor }) => executor.stats());
    const sum = (name: Exclude<keyof SessionStats, "hostname">): number => all.reduce((a, each) => a + each[name], 0);
    return {
      ...{ rank, ranks, hostname, tasksRun: sum("tasksRun") },
      ...{ stealsAsked: sum("stealsAsked"), stealsServed: sum("stealsServed") },
      ...{ framesSent: sum("framesSent"), framesReceived: sum("framesReceived"), bytesSent: sum("bytesSent") },
    };
  }

  gatherStats(): SessionStats[] {
    return this.#places.flatMap(({ executor }) => executor.gatherStats());
  }

  setPolling(on: boolean): void {
    for (const { executor } of this.#places) executor.setPolling(on);
  }

  endOverdue(): void {} // drain() does.

  async close(): Promise<void> {
    await Promise.all(this.#places.map(({ executor }) => executor.close()));
  }

  closeNow(): void {
    for (const { executor } of this.#places) executor.closeNow();
  }

  /** That of MPI last: it may end this process. */
  abort(exitCode: number): void {
    for (const { executor } of this.#places) if (executor.kind !== "mpi") executor.abort(exitCode);
    for (const { executor } of this.#places) if (executor.kind === "mpi") executor.abort(exitCode);
  }
}
