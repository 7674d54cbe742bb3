/**
 * What several executors were given, and what waits for room on one of them.
 *
 * A batch that one of them alone may run goes there at once. Another is held here, and goes out in parts: each executor gets a
 * little more than it is known to do soon, and again when that is nearly done. So none that is slow, or busy with what only it
 * may run, keeps others waiting.
 */

import type { Drained, SubmitOptions, TaskRecord } from "../native/binding.ts";
import { HeldBatches } from "./held.ts";
import type { Flow, Place } from "./place.ts";
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

export class HandedOut {
  readonly #ageingMs: number;
  readonly #batches = new Map<number, Batch>();
  readonly #held = new HeldBatches<Batch>();
  /** By place, and by number there. */
  readonly #parts = new Map<Place, Map<number, { batch: Batch; part: Part }>>();
  #made = 0;
  #filling = false;
  #stuck: NodeJS.Timeout | null = null;

  /** @param ageingMs - Waiting that is worth one more of priority; 0: none. */
  constructor(places: readonly Place[], ageingMs: number) {
    this.#ageingMs = ageingMs;
    for (const place of places) this.#parts.set(place, new Map());
  }

  /** Is any batch under way there? */
  anyOn(place: Place): boolean {
    return (this.#parts.get(place)?.size ?? 0) > 0;
  }

  /** For one of these places. Returns the batch's number. */
  submit(options: SubmitOptions, flow: Flow, places: readonly Place[]): number {
    const now = performance.now();
    const { priority, first } = options;
    const urgency = this.#ageingMs > 0 ? priority - Math.floor(now / this.#ageingMs) : priority;
    const number = ++this.#made;
    const parts: Set<Part> = new Set();
    const own = { parts, next: first, movedAt: now, owed: [], unread: 0 };
    const batch: Batch = { number, options, flow, places, urgency, ...own };
    this.#batches.set(number, batch);
    const [only] = places;
    if (only !== undefined && places.length === 1) this.#handOut(batch, only, options.last - first, now);
    else {
      this.#held.add(batch);
      this.#fill();
    }
    return number;
  }

  /** What a place has drained, with the numbers of batches that are known outside, is added to `all`. */
  heard(place: Place, { begun, records, finished }: Drained, all: Drained): void {
    const now = performance.now();
    const heard = new Map<string, number>();
    for (const task of begun) {
      const batch = this.#parts.get(place)?.get(task.batch)?.batch.number;
      if (batch !== undefined) all.begun.push({ ...task, batch });
    }
    for (const record of records) if (this.#take(place, record, heard, now)) all.records.push(record);
    for (const number of finished) this.#finish(place, number, all.finished, heard, now);
    if (heard.size > 0) place.heard(heard, now);
    this.#fillSoon();
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

  /** Nothing more goes out. */
  stop(): void {
    this.#held.clear();
    this.#watchStuck();
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
}
