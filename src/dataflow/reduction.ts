/** Reductions: partial results combined in the order of the indexes, so that every run gives the same bits. */

import { HeddleError } from "../errors.ts";
import type { ElementType, ReduceOp, TaskRecord, TypedColumn } from "../native/binding.ts";
import { areHalves, type Block } from "../serialize/blocks.ts";
import { decode, decodeMany } from "../serialize/codec.ts";
import { newColumn } from "../serialize/columns.ts";
import {
  combineScalars,
  decodePartial,
  orderMatters,
  publicScalar,
  reduceColumn,
  type Scalar,
} from "../serialize/reduce.ts";
import { findApp } from "../serialize/registry.ts";
import { FOLD_APP } from "../worker/fold.ts";
import type { End } from "./job.ts";
import type { Kernel } from "./kernel.ts";

const PART_MAX = 2 ** 18; // Tasks whose results are here at once, in one column.

/**
 * Results are combined where tasks run; or, where those of single tasks are kept, they come here one by one and are combined then.
 */
abstract class ReduceEnd implements End {
  readonly results: "reduce" | "collect";
  readonly partMax: number = PART_MAX;
  readonly stream = false;
  readonly creditsLater = false;
  abstract readonly element: ElementType | null;
  abstract readonly op: ReduceOp | null;
  abstract readonly reducer: string | null;

  /** @param kept - Those of single tasks are. */
  constructor(kept: boolean) {
    this.results = kept ? "collect" : "reduce";
  }

  columnFor(first: number, last: number): TypedColumn | null {
    return this.results === "collect" && this.element !== null ? newColumn(this.element, last - first) : null;
  }

  abstract done(record: TaskRecord, column: TypedColumn | null, pieceFirst: number): void;

  failed(): void {}
}

/** A reduction that is computed natively; here the values of its parts meet. */
export class ScalarEnd extends ReduceEnd {
  readonly element: ElementType;
  /** Null: results are not combined where they are made. */
  readonly op: ReduceOp | null;
  readonly reducer = null;
  readonly #op: ReduceOp;
  /** By first index: blocks whose other half has not come; or, where order is free, one value. */
  readonly #blocks = new Map<number, Block<Scalar>>();

  constructor(op: ReduceOp, element: ElementType, kept = false) {
    super(kept);
    this.#op = op;
    this.op = kept ? null : op;
    this.element = element;
  }

  done({ first, last, payload }: TaskRecord, column: TypedColumn | null, pieceFirst: number): void {
    if (column !== null) {
      const own = column.subarray(first - pieceFirst, last - pieceFirst);
      for (const block of reduceColumn(this.#op, this.element, first, own)) this.#add(block);
      return;
    }
    // Where order is free, one value stands for several ranges: it comes with the first, the others are merely done.
    if (payload !== null) this.#add({ first, last, value: decodePartial(this.#op, this.element, payload) });
  }

  #add({ first, last, value }: Block<Scalar>): void {
    if (!orderMatters(this.#op, this.element)) {
      const known = this.#blocks.get(0);
      this.#blocks.set(0, {
        first: 0,
        last: 0,
        value: known === undefined ? value : this.#combine(known.value, value),
      });
      return;
    }
    let block: Block<Scalar> = { first, last, value };
    for (let other = this.#other(block); other !== undefined; other = this.#other(block)) {
      this.#blocks.delete(other.first);
      const [left, right] = other.first < block.first ? [other, block] : [block, other];
      block = { first: left.first, last: right.last, value: this.#combine(left.value, right.value) };
    }
    this.#blocks.set(block.first, block);
  }

  /** The result; `undefined` when there was no task. */
  result(): Scalar | undefined {
    const blocks = [...this.#blocks.values()].sort((a, b) => a.first - b.first);
    if (blocks.length === 0) return undefined;
    const value = blocks.map((block) => block.value).reduce((a, b) => this.#combine(a, b));
    return publicScalar(this.#op, this.element, value);
  }

  #other(block: Block<Scalar>): Block<Scalar> | undefined {
    const size = block.last - block.first;
    const left = (block.first / size) % 2 === 0;
    const other = this.#blocks.get(left ? block.last : block.first - size);
    if (other === undefined) return undefined;
    return (left ? areHalves(block, other) : areHalves(other, block)) ? other : undefined;
  }

  #combine(a: Scalar, b: Scalar): Scalar {
    return combineScalars(this.#op, this.element, a, b);
  }
}

const FOLD_BLOCKS = 512; // Partial results that wait before a worker is asked to merge them.
const FOLD_MAX = 8_192; // At a time: they are arguments of a task.

/** A reduction by an app: blocks are folded on workers, never here. */
export class AppEnd extends ReduceEnd {
  readonly element = null;
  readonly op = null;
  readonly reducer: string | null;
  readonly #reducer: string;
  readonly #kernel: Kernel;
  #blocks: Block<unknown>[] = [];
  #folding: Promise<void> | null = null;
  #foldAt = FOLD_BLOCKS;

  constructor(kernel: Kernel, reducer: string, kept = false) {
    super(kept);
    this.#kernel = kernel;
    this.#reducer = reducer;
    this.reducer = kept ? null : reducer;
  }

  /** Known results are handed over no faster than workers merge them. */
  async room(): Promise<void> {
    while (this.#folding !== null && this.#blocks.length > FOLD_MAX) await this.#folding;
  }

  done({ first, last, payload }: TaskRecord): void {
    const bytes = payload as Uint8Array;
    if (this.results === "reduce") this.#blocks.push({ first, last, value: decode(bytes) });
    else
      for (const [k, value] of decodeMany(bytes).entries())
        this.#blocks.push({ first: first + k, last: first + k + 1, value });
    if (this.#blocks.length >= this.#foldAt && this.#folding === null) {
      this.#folding = this.#fold(false);
      this.#folding.catch(() => {}); // `result` looks at it.
    }
  }

  /** The result, once every record has come; `undefined` when there was no task. */
  async result(): Promise<unknown> {
    await this.#folding;
    while (this.#blocks.length > FOLD_MAX && this.#blocks.length >= this.#foldAt) await this.#fold(false);
    if (this.#blocks.length === 0) return undefined;
    if (this.#blocks.length > 1) await this.#fold(true);
    return this.#blocks[0]?.value;
  }

  async #fold(complete: boolean): Promise<void> {
    const app = findApp(FOLD_APP);
    if (app === undefined) throw new HeddleError("ERR_INTERNAL", `${FOLD_APP} is not registered.`);
    const merged: Block<unknown>[] = [];
    do {
      const blocks = this.#blocks.splice(0, complete ? this.#blocks.length : FOLD_MAX);
      merged.push(...((await this.#kernel.call(app, [this.#reducer, blocks, complete])) as Block<unknown>[]));
    } while (this.#blocks.length > FOLD_MAX);
    this.#blocks.push(...merged);
    // Tasks that are spread thinly leave many blocks without their other halves: ask again only when enough are new.
    this.#foldAt = this.#blocks.length + FOLD_BLOCKS;
    this.#folding = null;
  }
}
