/**
 * Several executors as one. A batch goes to those of its labels that have what its tasks need. Where only one has, it goes there at once;
 * else it is held here, and goes out in parts: each executor gets a little more than it is known to do soon, and again when that is
 * nearly done. So none that is slow, or busy with what only it may run, keeps others waiting.
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
import { HeldBatches } from "./held.ts";
import { suits, withLabels } from "./needs.ts";
import { type Flow, Place } from "./place.ts";
import { partOf } from "./shares.ts";

const UNREAD_BYTES = 8 * 1024 * 1024; // Results of a batch whose reader is that far behind: no more of it goes out, and what is out is not waited for.
const STUCK_MS = 100; // A batch of which nothing is under way for so long goes out however much there is before it.

interface Part {
  readonly place: Place;
  /** Its number there. */
  readonly number: number;
  /** Tasks of which nothing was heard. */
  left: number;
}

interface Batch {
  readonly number: number;
  readonly options: SubmitOptions;
  readonly flow: Flow;
  readonly places: readonly Place[];
  readonly urgency: number;
  /** Those that are under way. */
  readonly parts: Set<Part>;
  /** The first task that has not gone out. */
  next: number;
  /** When one went out last. */
  movedAt: number;
  /** Payloads that were given out and are not yet credited, in the order in which they were; and their sum. */
  readonly owed: { part: Part; bytes: number }[];
  unread: number;
}

export class SeveralExecutors implements Executor {
  readonly members: readonly Member[];
  readonly workers: number;
  readonly slots: Record<WorkerKind, number>;
  readonly tokens: readonly TokenKind[];
  /** Tasks with a target go there: the one with the most ranks. */
  readonly #first: Executor;
  readonly #places: readonly Place[];
  readonly #ageingMs: number;
  readonly #batches = new Map<number, Batch>();
  readonly #held = new HeldBatches<Batch>();
  /** By place, and by number there. */
  readonly #parts = new Map<Place, Map<number, { batch: Batch; part: Part }>>();
  #made = 0;
  #filling = false;
  #stuck: NodeJS.Timeout | null = null;

  /** @param ageingMs - Waiting that is worth one more of priority; 0: none. */
  constructor(members: readonly Member[], ageingMs = 0) {
    this.#ageingMs = ageingMs;
    this.#places = members.map((member) => new Place(member));
    for (const place of this.#places) this.#parts.set(place, new Map());
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
    const now = performance.now();
    const urgency = this.#ageingMs > 0 ? priority - Math.floor(now / this.#ageingMs) : priority;
    const number = ++this.#made;
    const next = options.first;
    const parts: Set<Part> = new Set();
    const batch: Batch = { number, options, flow, places, urgency, parts, next, movedAt: now, owed: [], unread: 0 };
    this.#batches.set(number, batch);
    const [only] = places;
    if (only !== undefined && places.length === 1) this.#handOut(batch, only, options.last - options.first, now);
    else {
      this.#held.add(batch);
      this.#fill();
    }
    return number;
  }

  /** Sends as much of what is held as there is room for. */
  #fill(): void {
    this.#filling = false;
    const now = performance.now();
    for (const [, batches] of this.#held.inOrder()) {
      for (const batch of batches) if (batch.unread <= UNREAD_BYTES && !this.#giveOut(batch, now)) break;
    }
    this.#watchStuck();
  }

  /** The same, when all has been done that is to be done now. */
  #fillSoon(): void {
    if (this.#filling || this.#held.empty) return;
    this.#filling = true;
    queueMicrotask(() => this.#fill());
  }

  /** False: there is no room for any of its tasks. */
  #giveOut(batch: Batch, now: number): boolean {
    const { flow, places, options } = batch;
    const known = places.every((place) => place.knows(flow.app));
    const ways = places.map((place) => ({ place, pace: place.pace(flow, known), crowd: place.crowd(flow) }));
    const all = ways.reduce((sum, { pace }) => sum + pace, 0);
    // Calls awaited one by one go to the same executor each time: its threads are awake.
    ways.sort((a, b) => a.crowd - b.crowd || b.place.slots(flow.kind) - a.place.slots(flow.kind));
    const before = batch.next;
    for (const { place, pace } of ways) {
      const left = options.last - batch.next;
      if (left === 0) break;
      const count = place.room(flow, left, pace / all);
      if (count > 0) this.#handOut(batch, place, count, now);
    }
    return batch.next > before;
  }

  #handOut(batch: Batch, place: Place, count: number, now: number): void {
    const { options, flow } = batch;
    const [first, last] = [batch.next, batch.next + count];
    const whole = first === options.first && last === options.last;
    const number = place.executor.submit(whole ? options : partOf(options, first, last));
    const part: Part = { place, number, left: count };
    batch.next = last;
    batch.movedAt = now;
    batch.parts.add(part);
    this.#parts.get(place)?.set(number, { batch, part });
    if (batch.unread <= UNREAD_BYTES) place.add(flow, count, now);
    if (last === options.last) this.#held.delete(batch);
  }

  #watchStuck(): void {
    if (this.#held.empty) {
      if (this.#stuck !== null) clearInterval(this.#stuck);
      this.#stuck = null;
    } else this.#stuck ??= setInterval(() => this.#freeStuck(), STUCK_MS).unref();
  }

  /** What is under way may wait for something that only comes when these are done. */
  #freeStuck(): void {
    const now = performance.now();
    for (const [batch] of this.#held.inOrder()) {
      if (batch.parts.size > 0 || now - batch.movedAt < STUCK_MS || batch.unread > UNREAD_BYTES) continue;
      const place = batch.places.reduce((a, b) => (b.crowd(batch.flow) < a.crowd(batch.flow) ? b : a));
      const left = batch.options.last - batch.next;
      this.#handOut(batch, place, Math.min(left, Math.max(1, place.slots(batch.flow.kind))), now);
    }
    this.#watchStuck();
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
    const busy = this.#places.filter((place) => (this.#parts.get(place)?.size ?? 0) > 0);
    const [only] = busy;
    if (only !== undefined && busy.length === 1) return only.executor.waitEvents(us);
    return this.hasEvents();
  }

  drain(): Drained {
    const all: Drained = { begun: [], records: [], finished: [], overdue: [], fatal: null, closed: false };
    const now = performance.now();
    for (const place of this.#places) {
      const { begun, records, finished, overdue, fatal, closed } = place.executor.drain();
      const heard = new Map<string, number>();
      for (const task of begun) {
        const batch = this.#parts.get(place)?.get(task.batch)?.batch.number;
        if (batch !== undefined) all.begun.push({ ...task, batch });
      }
      for (const record of records) if (this.#take(place, record, heard, now)) all.records.push(record);
      for (const number of finished) this.#finish(place, number, all.finished, heard, now);
      if (heard.size > 0) place.heard(heard, now);
      for (const worker of overdue) place.executor.endOverdue(worker); // Numbers of workers are the executor's own.
      all.fatal ??= fatal;
      all.closed ||= closed;
    }
    this.#fillSoon();
    return all;
  }

  #take(place: Place, record: TaskRecord, heard: Map<string, number>, now: number): boolean {
    const found = this.#parts.get(place)?.get(record.batch);
    if (found === undefined) return false;
    const { batch, part } = found;
    this.#heard(batch, part, record.last - record.first, heard, now);
    const bytes = record.payload?.length ?? 0;
    if (bytes > 0) {
      const last = batch.owed.at(-1);
      if (last?.part === part) last.bytes += bytes;
      else batch.owed.push({ part, bytes });
      this.#unread(batch, bytes, now);
    }
    record.batch = batch.number;
    return true;
  }

  /** Of some records several tell of the same tasks, so a part never counts for less than nothing. */
  #heard(batch: Batch, part: Part, count: number, heard: Map<string, number>, now: number): void {
    const less = Math.min(count, part.left);
    if (less === 0) return;
    const { app } = batch.flow;
    part.left -= less;
    if (batch.unread <= UNREAD_BYTES) part.place.add(batch.flow, -less, now);
    heard.set(app, (heard.get(app) ?? 0) + less);
  }

  /** Tasks of a batch that nobody reads wait for the reader: they count for nothing meanwhile. */
  #unread(batch: Batch, bytes: number, now: number): void {
    const before = batch.unread > UNREAD_BYTES;
    batch.unread += bytes;
    const after = batch.unread > UNREAD_BYTES;
    if (before === after) return;
    for (const { place, left } of batch.parts) place.add(batch.flow, after ? -left : left, now);
  }

  #finish(place: Place, number: number, finished: number[], heard: Map<string, number>, now: number): void {
    const found = this.#parts.get(place)?.get(number);
    if (found === undefined) return;
    const { batch, part } = found;
    this.#parts.get(place)?.delete(number);
    this.#heard(batch, part, part.left, heard, now);
    batch.parts.delete(part);
    if (batch.parts.size > 0 || batch.next < batch.options.last) return;
    this.#batches.delete(batch.number);
    finished.push(batch.number);
  }

  credit(number: number, bytes: number): void {
    const batch = this.#batches.get(number);
    if (batch === undefined) return;
    this.#unread(batch, -bytes, performance.now());
    this.#fillSoon();
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
    this.#held.delete(batch);
    const now = performance.now();
    for (const part of batch.parts) {
      this.#parts.get(part.place)?.delete(part.number);
      if (batch.unread <= UNREAD_BYTES) part.place.add(batch.flow, -part.left, now);
      part.place.executor.cancel(part.number);
    }
    this.#fillSoon();
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
    this.#letGo();
    await Promise.all(this.#places.map(({ executor }) => executor.close()));
  }

  closeNow(): void {
    this.#letGo();
    for (const { executor } of this.#places) executor.closeNow();
  }

  /** That of MPI last: it may end this process. */
  abort(exitCode: number): void {
    this.#letGo();
    for (const { executor } of this.#places) if (executor.kind !== "mpi") executor.abort(exitCode);
    for (const { executor } of this.#places) if (executor.kind === "mpi") executor.abort(exitCode);
  }

  /** Nothing more goes out. */
  #letGo(): void {
    this.#held.clear();
    this.#watchStuck();
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
