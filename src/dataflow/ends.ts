/** The ways the results of a map end, except reduction. */

import type { ElementType, TaskRecord, TypedColumn } from "../native/binding.ts";
import { decodeInto } from "../serialize/codec.ts";
import { newColumn } from "../serialize/columns.ts";
import type { End } from "./job.ts";

abstract class BaseEnd implements End {
  abstract readonly results: "collect" | "discard" | "reduce";
  readonly element: ElementType | null = null;
  readonly op = null;
  readonly reducer: string | null = null;
  readonly stream: boolean = false;
  readonly creditsLater: boolean = false;

  columnFor(_first: number, _last: number): TypedColumn | null {
    return null;
  }

  abstract done(record: TaskRecord, column: TypedColumn | null, pieceFirst: number): void;

  failed(): void {}
}

/** Forgets them. */
export class DiscardEnd extends BaseEnd {
  readonly results = "discard";

  done(): void {}
}

/** All results of any kind, in an array. */
export class CollectEnd extends BaseEnd {
  readonly results = "collect";
  readonly values: unknown[];

  constructor(total: number | null) {
    super();
    this.values = total === null ? [] : new Array(total);
  }

  done({ first, payload }: TaskRecord): void {
    if (payload !== null) decodeInto(payload, this.values, first);
  }
}

/** All results as a typed array. Native threads write into it. */
export class ColumnEnd extends BaseEnd {
  readonly results = "collect";
  override readonly element: ElementType;
  readonly #whole: TypedColumn | null;
  readonly #parts: { first: number; column: TypedColumn }[] = [];

  constructor(element: ElementType, total: number | null) {
    super();
    this.element = element;
    this.#whole = total === null ? null : newColumn(element, total);
  }

  override columnFor(first: number, last: number): TypedColumn {
    if (this.#whole !== null) return this.#whole.subarray(first, last);
    const column = newColumn(this.element, last - first);
    this.#parts.push({ first, column });
    return column;
  }

  done(): void {}

  column(tasks: number): TypedColumn {
    if (this.#whole !== null) return this.#whole;
    const whole = newColumn(this.element, tasks);
    for (const { first, column } of this.#parts) whole.set(column as never, first);
    return whole;
  }
}

/** A result as it comes. */
export interface Item<T> {
  index: number;
  value: T;
}

const KNOWN_MAX = 2; // Groups of known results that wait: one of them may have 10^6 results.

/** Results one by one, as they come; payloads are credited when they are taken. */
export class StreamEnd extends BaseEnd {
  readonly results = "collect";
  override readonly element: ElementType | null;
  override readonly stream = true;
  override readonly creditsLater = true;
  readonly #queue: { items: Item<unknown>[]; batch: number; bytes: number }[] = [];
  #wake: (() => void) | null = null;
  #taken: (() => void) | null = null;

  constructor(element: ElementType | null) {
    super();
    this.element = element;
  }

  /** What runs is slowed down by its payload, which the reader gives back; what is known has none. */
  async room(): Promise<void> {
    while (this.#queue.length >= KNOWN_MAX) await new Promise<void>((resolve) => (this.#taken = resolve));
  }

  override columnFor(first: number, last: number): TypedColumn | null {
    return this.element === null ? null : newColumn(this.element, last - first);
  }

  done({ batch, first, last, payload }: TaskRecord, column: TypedColumn | null, pieceFirst: number): void {
    const values: unknown[] = [];
    if (payload !== null) decodeInto(payload, values, 0);
    const items: Item<unknown>[] = [];
    for (let index = first; index < last; index++) {
      items.push({ index, value: payload === null ? column?.[index - pieceFirst] : values[index - first] });
    }
    this.#queue.push({ items, batch, bytes: payload?.length ?? 0 });
    this.wake();
  }

  override failed(): void {
    this.wake();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** The next group of results, if there is one. */
  take(): { items: Item<unknown>[]; batch: number; bytes: number } | undefined {
    this.#taken?.();
    this.#taken = null;
    return this.#queue.shift();
  }

  /** Resolves when something has come. */
  more(): Promise<void> {
    if (this.#queue.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
