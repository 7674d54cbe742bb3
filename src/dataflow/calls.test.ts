import { expect, test } from "vitest";
import type { Executor } from "../executors/executor.ts";
import type { AppFuture } from "../futures/future.ts";
import { type BegunTask, type Drained, RecordKind, type SubmitOptions, type TaskRecord } from "../native/binding.ts";
import { decode, encode } from "../serialize/codec.ts";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import { type End, MapJob } from "./job.ts";
import { Kernel } from "./kernel.ts";
import type { Piece, Source } from "./piece.ts";
import { progressOf } from "./tally.ts";

/** Keeps the batches it is given, and answers when it is told to. */
class FakeExecutor implements Executor {
  readonly kind = "inline";
  readonly rank = 0;
  readonly ranks = 1;
  readonly hostname = "here";
  readonly workers = 1;
  readonly slots = { js: 1, process: 1, native: 1 };
  readonly members = [{ label: "default", executor: this }];
  readonly capacities = [];
  readonly tokens = [];
  readonly batches: SubmitOptions[] = [];
  #answered = 0;
  #records: TaskRecord[] = [];
  #finished: number[] = [];
  #begun: BegunTask[] = [];
  #notify: () => void = () => {};

  nodes(): Uint32Array {
    return Uint32Array.of(0);
  }

  onEvents(notify: () => void): void {
    this.#notify = notify;
  }

  submit(options: SubmitOptions): number {
    return this.batches.push(options);
  }

  /** Gives each task that was submitted its own argument back. */
  answer(): void {
    for (; this.#answered < this.batches.length; this.#answered++) {
      const options = this.batches[this.#answered] as SubmitOptions;
      const batch = this.#answered + 1;
      argumentsOf(options).forEach((value, k) => {
        const first = options.first + k;
        const payload = Buffer.from(encode(value));
        this.#records.push({ batch, kind: RecordKind.packed, first, last: first + 1, payload, rank: 2 });
      });
      this.#finished.push(batch);
    }
    this.#notify();
  }

  /** Says that tasks are done; of the whole batch, where `finished`. */
  end(batch: number, first: number, last: number, finished = false): void {
    this.#records.push({ batch, kind: RecordKind.done, first, last, payload: null, rank: 2 });
    if (finished) this.#finished.push(batch);
    this.#notify();
  }

  /** Says that a task runs. */
  begin(batch: number, index: number): void {
    this.#begun.push({ batch, index, rank: 2, worker: 1 });
    this.#notify();
  }

  hasEvents(): boolean {
    return this.#finished.length > 0;
  }

  waitEvents(): boolean {
    return this.hasEvents();
  }

  drain(): Drained {
    const news = { begun: this.#begun, records: this.#records, finished: this.#finished };
    this.#begun = [];
    this.#records = [];
    this.#finished = [];
    return { ...news, overdue: [], fatal: null, closed: false };
  }

  credit(): void {}
  cancel(): void {}
  setPolling(): void {}
  endOverdue(): void {}
  async close(): Promise<void> {}
  closeNow(): void {}
  abort(): void {}

  stats(): never {
    throw new Error("nobody asks for it");
  }

  gatherStats(): never {
    throw new Error("nobody asks for it");
  }
}

/** The first argument of each task. */
function argumentsOf(options: SubmitOptions): unknown[] {
  return listsOf(options).map((list) => list[options.prefixed ? 1 : 0]);
}

function listsOf({ bytes, offsets }: SubmitOptions): unknown[][] {
  const ends = Array.from(offsets as Uint32Array);
  return ends.slice(1).map((end, k) => decode((bytes as Uint8Array).subarray(ends[k], end)) as unknown[]);
}

function appNamed(name: string): AppDefinition {
  const nothing = {
    fn: null,
    returns: null,
    walltimeMs: 0,
    placement: ANYWHERE,
    command: null,
    native: null,
    placeholders: null,
    isolated: false,
    source: "",
  };
  return { name, kind: "js", ...nothing };
}

interface Fake {
  executor: FakeExecutor;
  kernel: Kernel;
  call: (app: AppDefinition, value: unknown) => AppFuture<unknown>;
}

function setUp(): Fake {
  const executor = new FakeExecutor();
  const kernel = new Kernel(executor, { onFatal: () => {}, onOverdue: () => {}, onClosed: () => {} });
  return { executor, kernel, call: (app, value) => kernel.call(app, [value]) };
}

const ranges = ({ batches }: FakeExecutor): [app: string, first: number, last: number][] =>
  batches.map(({ app, first, last }) => [app, first, last]);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const [dock, fold] = [appNamed("dock"), appNamed("fold")];

test("calls of one turn become one batch for each app", async () => {
  const { executor, call } = setUp();
  const futures = [call(dock, "a"), call(fold, "b"), call(dock, "c"), call(fold, "d"), call(dock, "e")];
  // What continuations call before the turn is over comes along.
  await Promise.resolve().then(() => futures.push(call(dock, "f")));
  expect(executor.batches).toEqual([]);
  await turn();
  expect(ranges(executor)).toEqual([
    ["dock", 0, 4],
    ["fold", 0, 2],
  ]);
  executor.answer();
  expect(await Promise.all(futures)).toEqual(["a", "b", "c", "d", "e", "f"]);
});

test("calls of the next turn begin a batch of their own, and are numbered on", async () => {
  const { executor, call } = setUp();
  const futures = [call(dock, 1), call(dock, 2)];
  await turn();
  futures.push(call(dock, 3));
  await turn();
  expect(ranges(executor)).toEqual([
    ["dock", 0, 2],
    ["dock", 2, 3],
  ]);
  executor.answer();
  expect(await Promise.all(futures)).toEqual([1, 2, 3]);
});

test("a turn of very many calls spills into several batches, and loses none", async () => {
  const { executor, call } = setUp();
  const most = 65_536;
  const values = Array.from({ length: 2 * most + 10 }, (_, k) => k);
  const futures = values.map((value) => call(dock, value));
  expect(executor.batches).toHaveLength(2); // In the turn itself: memory is bounded.
  await turn();
  expect(ranges(executor)).toEqual([
    ["dock", 0, most],
    ["dock", most, 2 * most],
    ["dock", 2 * most, 2 * most + 10],
  ]);
  executor.answer();
  expect(await Promise.all(futures)).toEqual(values);
});

test("so does a turn of very many bytes", async () => {
  const { executor, call } = setUp();
  const mebibyte = 1 << 20;
  const futures = Array.from({ length: 20 }, (_, k) => call(dock, new Uint8Array(mebibyte).fill(k)));
  await turn();
  expect(ranges(executor)).toEqual([
    ["dock", 0, 8],
    ["dock", 8, 16],
    ["dock", 16, 20],
  ]);
  executor.answer();
  const values = (await Promise.all(futures)) as Uint8Array[];
  expect(values.map((value) => [value.length, value[0]])).toEqual(values.map((_, k) => [mebibyte, k]));
});

test("a call whose input takes time leaves the others' batch, whose tasks are told their numbers, and follows in one of its own", async () => {
  const { executor, call } = setUp();
  let give: (value: string) => void = () => {};
  const input = new Promise<string>((resolve) => (give = resolve));
  const futures = [call(dock, "a"), call(dock, input), call(dock, "c"), call(dock, "d")];
  await turn();
  expect(ranges(executor)).toEqual([["dock", 0, 3]]);
  expect(executor.batches[0]?.prefixed).toBe(true);
  expect(listsOf(executor.batches[0] as SubmitOptions)).toEqual([
    [0, "a"],
    [2, "c"],
    [3, "d"],
  ]);
  give("b");
  await turn();
  expect(ranges(executor).slice(1)).toEqual([["dock", 1, 2]]);
  executor.answer();
  expect(await Promise.all(futures)).toEqual(["a", "b", "c", "d"]);
});

test("a batch that the executor refuses fails its own calls alone", async () => {
  const { executor, call } = setUp();
  const { submit } = executor;
  executor.submit = () => {
    throw new Error("not today");
  };
  const refused = call(dock, 1);
  await turn();
  executor.submit = submit;
  const taken = call(dock, 2);
  await turn();
  executor.answer();
  await expect(refused).rejects.toThrow("not today");
  expect(await taken).toBe(2);
});

test("a call that a worker has begun is running until it is over; who says so too late is not heard", async () => {
  const { executor, kernel, call } = setUp();
  const [first, second] = [call(dock, "a"), call(dock, "b")];
  await turn();
  executor.begin(1, 1);
  executor.begin(1, 1);
  expect([first.state, second.state, second.tries]).toEqual(["launched", "running", 1]);
  expect(kernel.counts()).toMatchObject({ launched: 1, running: 1, done: 0 });
  executor.answer();
  executor.begin(1, 0);
  executor.begin(1, 5);
  executor.begin(9, 0);
  expect(await Promise.all([first, second])).toEqual(["a", "b"]);
  expect(kernel.counts()).toMatchObject({ launched: 0, running: 0, done: 2 });
});

const end: End = {
  results: "collect",
  element: null,
  op: null,
  reducer: null,
  stream: false,
  creditsLater: false,
  columnFor: () => null,
  done: () => {},
  failed: () => {},
};

/** Tasks with the arguments 0, 1, ... in one piece. */
function sourceOf(tasks: number): Source {
  const bytes = Buffer.concat(Array.from({ length: tasks }, (_, k) => encode([k])));
  const offsets = Uint32Array.from({ length: tasks + 1 }, (_, k) => (k * bytes.length) / tasks);
  const rest = { args: "packed", start: 0, step: 1, columns: null, spread: true } as const;
  const pieces: Piece[] = [{ first: 0, last: tasks, bytes, offsets, ...rest }];
  return { total: tasks, next: () => pieces.pop() ?? null, stop: () => {} };
}

test("a map that is shown counts its tasks that run, and those that wait", async () => {
  const { executor, kernel } = setUp();
  const app = appNamed("dock");
  const none = { seed: 0n, walltimeMs: 0, placement: ANYWHERE, retries: null, number: "0", cache: null, ownSeed: null };
  const job = new MapJob(kernel, app, sourceOf(10), end, { ...none, progress: true });
  const ended = job.run();
  while (executor.batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(executor.batches[0]?.watched).toBe(true);
  for (const index of [3, 4, 9]) executor.begin(1, index);
  expect(progressOf(kernel.tallyOf(app))).toMatchObject({ done: 0, running: 3, waiting: 7, total: 10 });
  executor.end(1, 0, 4);
  expect(progressOf(kernel.tallyOf(app))).toMatchObject({ done: 4, running: 2, waiting: 4, total: 10 });
  executor.end(1, 4, 10, true);
  await ended;
  expect(progressOf(kernel.tallyOf(app))).toMatchObject({ done: 10, running: 0, waiting: 0, total: 10 });
});
