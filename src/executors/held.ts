/** Batches that wait for room on one of several executors, in the order in which they are to be looked at. */

import type { Flow, Place } from "./place.ts";

/** What must be known of one. */
export interface Held {
  readonly number: number;
  readonly flow: Flow;
  /** Those that may run it. */
  readonly places: readonly Place[];
  /** The higher, the sooner; with what waiting adds. */
  readonly urgency: number;
}

interface Group<B extends Held> {
  readonly urgency: number;
  readonly places: readonly Place[];
  /** In the order in which they came. */
  readonly batches: Set<B>;
}

export class HeldBatches<B extends Held> {
  /** Those for which there is room in the same cases. */
  readonly #groups = new Map<string, Group<B>>();

  get empty(): boolean {
    return this.#groups.size === 0;
  }

  add(batch: B): void {
    const key = keyOf(batch);
    const group = this.#groups.get(key) ?? { urgency: batch.urgency, places: batch.places, batches: new Set() };
    group.batches.add(batch);
    this.#groups.set(key, group);
  }

  delete(batch: B): void {
    const key = keyOf(batch);
    const group = this.#groups.get(key);
    group?.batches.delete(batch);
    if (group?.batches.size === 0) this.#groups.delete(key);
  }

  clear(): void {
    this.#groups.clear();
  }

  /** Priority first; then those that fewer executors may run, since nobody else helps these; then age. Batches may be deleted meanwhile. */
  inOrder(): (readonly [first: B, batches: Iterable<B>])[] {
    const groups = [...this.#groups.values()].map((group) => ({ group, first: firstOf(group) }));
    if (groups.length > 1)
      groups.sort(
        (a, b) =>
          b.group.urgency - a.group.urgency ||
          a.group.places.length - b.group.places.length ||
          a.first.number - b.first.number,
      );
    return groups.map(({ group, first }) => [first, group.batches]);
  }
}

function keyOf({ flow, places, urgency }: Held): string {
  return `${urgency}\0${flow.kind}\0${flow.special}\0${places.map(({ label }) => label).join("\0")}`;
}

function firstOf<B extends Held>({ batches }: Group<B>): B {
  const [first] = batches;
  return first as B; // A group without batches is deleted.
}
