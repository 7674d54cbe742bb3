// How batches are handed out to several executors. These here do nothing until they are told to.

import { beforeEach, expect, test } from "vitest";
import { type Drained, RecordKind, type SubmitOptions } from "../native/binding.ts";
import { ANYWHERE } from "../serialize/registry.ts";
import type { Executor } from "./executor.ts";
import { SeveralExecutors } from "./several.ts";

class Idle {
  readonly kind = "threads";
  readonly rank = 0;
  readonly ranks = 1;
  readonly hostname = "here";
  readonly workers = 1;
  readonly slots = { js: 1, process: 1, native: 1 };
  readonly members = [];
  readonly capacities = [
    { first: 0, last: 1, cores: { js: 1, process: 1, native: 1 }, gpus: 0, memory: 2 ** 30 },
  ] as const;
  readonly tokens = [];
  readonly batches: SubmitOptions[] = [];
  readonly credits: [batch: number, bytes: number][] = [];
  readonly cancelled: number[] = [];
  #drained: Drained = nothing();
  #ended = 0;

  nodes = (): Uint32Array => Uint32Array.of(0);
  onEvents(): void {}
  setPolling(): void {}

  submit(options: SubmitOptions): number {
    return this.batches.push(options);
  }

  /** Tasks under way. */
  get tasks(): number {
    return this.batches.slice(this.#ended).reduce((sum, { first, last }) => sum + last - first, 0);
  }

  get ran(): number {
    return this.batches.slice(0, this.#ended).reduce((sum, { first, last }) => sum + last - first, 0);
  }

  /** All that was submitted is done, each task with so many bytes. */
  end(bytes = 0): void {
    for (; this.#ended < this.batches.length; this.#ended++) {
      const { first, last } = this.batches[this.#ended] as SubmitOptions;
      const batch = this.#ended + 1;
      const payload = bytes > 0 ? Buffer.alloc(bytes * (last - first)) : null;
      this.#drained.records.push({ batch, kind: RecordKind.done, first, last, payload, rank: 0 });
      this.#drained.finished.push(batch);
    }
  }

  drain(): Drained {
    const drained = this.#drained;
    this.#drained = nothing();
    return drained;
  }

  credit(batch: number, bytes: number): void {
    this.credits.push([batch, bytes]);
  }

  cancel(batch: number): void {
    this.cancelled.push(batch);
  }

  async close(): Promise<void> {}
}

function nothing(): Drained {
  return { begun: [], records: [], finished: [], overdue: [], fatal: null, closed: false };
}

let a: Idle;
let b: Idle;
let both: SeveralExecutors;

beforeEach(() => {
  [a, b] = [new Idle(), new Idle()];
  both = new SeveralExecutors([
    { label: "a", executor: a as unknown as Executor },
    { label: "b", executor: b as unknown as Executor },
  ]);
  return () => both.close();
});

const tasks = (count: number, more: Partial<SubmitOptions> = {}): SubmitOptions =>
  ({
    ...ANYWHERE,
    app: "nap",
    first: 0,
    last: count,
    column: null,
    bytes: null,
    columns: null,
    ...more,
  }) as SubmitOptions;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets `who` end what it has until it has nothing; gives batches that ended. */
async function work(who: readonly Idle[], bytes = 0): Promise<number[]> {
  const finished: number[] = [];
  while (who.some((each) => each.tasks > 0)) {
    for (const each of who) each.end(bytes);
    finished.push(...both.drain().finished);
    await turn();
  }
  return finished;
}

test("one that never ends its tasks keeps few of them; the other runs the rest", async () => {
  const batch = both.submit(tasks(6_400));
  expect(await work([a])).toEqual([]);
  expect(b.tasks).toBeLessThanOrEqual(100);
  expect(a.ran + b.tasks).toBe(6_400);
  expect(await work([b])).toEqual([batch]);
});

test("tasks are each handed out once, in whatever order executors end them", async () => {
  both.submit(tasks(1_000));
  for (let round = 0; a.tasks + b.tasks > 0; round++) await work(round % 3 === 0 ? [b] : [a]);
  const ranges = [...a.batches, ...b.batches].map(({ first, last }) => [first, last] as const);
  ranges.sort((x, y) => x[0] - y[0]);
  expect(ranges[0]?.[0]).toBe(0);
  expect(ranges.at(-1)?.[1]).toBe(1_000);
  for (const [k, [first]] of ranges.slice(1).entries()) expect(first).toBe(ranges[k]?.[1]);
});

test("what only one may run goes there at once, and what both may run goes to the other", async () => {
  both.submit(tasks(5_000, { executors: ["b"] }));
  expect(b.tasks).toBe(5_000);
  both.submit(tasks(100, { app: "any" }));
  await work([a]);
  expect([a.ran, b.tasks]).toEqual([100, 5_000]);
});

test("tasks of a higher priority have room beside others, which go out in the order in which they came", async () => {
  both.submit(tasks(2, { app: "first" }));
  for (const app of ["second", "third"]) both.submit(tasks(1, { app }));
  both.submit(tasks(2, { app: "high", priority: 5 }));
  const apps = (): string[] => a.batches.map(({ app }) => app);
  expect(apps()).toEqual(["first", "high"]);
  await work([a]);
  expect(apps()).toEqual(["first", "high", "second", "third"]);
});

test("results that nobody reads hold their batch back, and no other", async () => {
  const read = both.submit(tasks(1_000));
  await work([a, b], 1 << 20);
  const before = a.ran + b.ran;
  expect(before).toBeLessThan(64);
  both.submit(tasks(10, { app: "other" }));
  await work([a, b]);
  expect(a.ran + b.ran).toBe(before + 10);
  both.credit(read, before << 20);
  await turn();
  expect(a.tasks + b.tasks).toBeGreaterThan(0);
  const credited = [...a.credits, ...b.credits].reduce((sum, [, bytes]) => sum + bytes, 0);
  expect(credited).toBe(before << 20);
});

test("what waits behind tasks that do not end goes out after a while: they may wait for it", async () => {
  both.submit(tasks(10, { executors: ["a"] }));
  both.submit(tasks(10, { executors: ["b"] }));
  const last = both.submit(tasks(1, { app: "other" }));
  expect(a.batches.length + b.batches.length).toBe(2);
  while (a.batches.length + b.batches.length === 2) await new Promise((go) => setTimeout(go, 10));
  expect(await work([a, b])).toContain(last);
});

test("a cancelled batch ends where it runs, and no more of it goes out", async () => {
  const batch = both.submit(tasks(1_000));
  both.cancel(batch);
  expect([a.cancelled, b.cancelled]).toEqual([[1], [1]]);
  await work([a, b]);
  expect(a.batches.length + b.batches.length).toBe(2);
});
