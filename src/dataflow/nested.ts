/** The front end inside a JS worker: calls and maps that tasks make, submitted from where they are. */

import { parentPort } from "node:worker_threads";
import type { Executor, Member } from "../executors/executor.ts";
import type {
  Drained,
  RankCapacity,
  SessionStats,
  SubmitOptions,
  TaskRecord,
  TokenKind,
  TypedColumn,
} from "../native/binding.ts";
import { RecordKind } from "../native/binding.ts";
import { joinSession, type Session } from "../native/session.ts";
import type { NestedCalls, NestedTask, OpenNested, TaskScope } from "../worker/nested.ts";
import type { WorkerMessage } from "../worker/protocol.ts";
import { setNested } from "./current.ts";
import { Caller, Kernel } from "./kernel.ts";

/** The session as a worker joins it: its results never lie in memory of this thread, which may end at any time. */
class NestedExecutor implements Executor {
  readonly kind = "threads";
  readonly rank: number;
  readonly ranks: number;
  readonly hostname: string;
  readonly workers = 0;
  readonly slots = { js: 0, process: 0, native: 0 };
  readonly members: readonly Member[];
  readonly capacities: readonly RankCapacity[];
  readonly tokens: readonly TokenKind[];
  readonly #session: Session;
  readonly #columns = new Map<number, { column: TypedColumn; first: number }>();

  constructor(session: Session, label: string) {
    this.members = [{ label, executor: this }];
    this.#session = session;
    this.rank = session.native.rank;
    this.ranks = session.native.ranks;
    this.hostname = session.native.hostname;
    ({ capacities: this.capacities, tokens: this.tokens } = session.native.layout);
  }

  nodes(): Uint32Array {
    return this.#session.native.nodes();
  }

  onEvents(notify: () => void): void {
    this.#session.native.onEvents(notify);
  }

  submit(options: SubmitOptions): number {
    const batch = this.#session.submit({ ...options, column: null });
    if (options.column !== null) this.#columns.set(batch, { column: options.column, first: options.first });
    return batch;
  }

  hasEvents(): boolean {
    return this.#session.native.hasEvents();
  }

  waitEvents(): boolean {
    return this.hasEvents(); // Another task may run meanwhile: no waiting.
  }

  drain(): Drained {
    const drained = this.#session.drain();
    for (const record of drained.records) if (record.kind === RecordKind.column) this.#fill(record);
    for (const batch of drained.finished) this.#columns.delete(batch);
    return drained;
  }

  credit(batch: number, bytes: number): void {
    this.#session.native.credit(batch, bytes);
  }

  cancel(batch: number): void {
    this.#columns.delete(batch);
    this.#session.native.cancel(batch);
  }

  stats(): SessionStats {
    return this.#session.native.stats();
  }

  gatherStats(): SessionStats[] {
    return [this.stats()];
  }

  setPolling(on: boolean): void {
    this.#session.native.setPolling(on);
  }

  endOverdue(): void {}

  // The worker's thread ends with the session, and never ends it.
  async close(): Promise<void> {}
  closeNow(): void {}
  abort(): void {}

  /** Puts the elements where a program's own would lie from the start. */
  #fill(record: TaskRecord): void {
    const place = this.#columns.get(record.batch);
    const { payload, first } = record;
    if (place !== undefined && payload !== null) {
      const { column } = place;
      const at = column.byteOffset + (first - place.first) * column.BYTES_PER_ELEMENT;
      new Uint8Array(column.buffer, at, payload.length).set(payload);
      this.credit(record.batch, payload.length);
    }
    record.kind = RecordKind.done;
    record.payload = null;
  }
}

const callers = new WeakMap<NestedTask, Caller>();

function callerOf(task: NestedTask | undefined): Caller | undefined {
  if (task === undefined) return undefined;
  let caller = callers.get(task);
  if (caller === undefined) {
    const { seed, index } = task.context;
    caller = new Caller(`${seed}/${index}\0`);
    callers.set(task, caller);
  }
  return caller;
}

/** The calls of one worker's tasks. Opened by the first of them. */
class WorkerCalls implements NestedCalls {
  readonly #open: () => Kernel;
  #kernel: Kernel | null = null;

  constructor(sessionId: number, worker: number, executor: string, scope: TaskScope) {
    const events = { onFatal: () => {}, onOverdue: () => {}, onClosed: () => {} };
    this.#open = () =>
      new Kernel(new NestedExecutor(joinSession(sessionId, worker), executor), events, {
        caller: () => callerOf(scope.current()),
        holdsTokens: () => scope.current()?.context.holdsTokens ?? false,
        called: (future) => scope.current()?.owns(future),
        tracked: (job) => scope.current()?.awaits(job),
        notRemembered: (app) => this.#tell(app),
      });
  }

  readonly #told = new Set<string>();

  #tell(app: string): void {
    if (this.#told.has(app)) return;
    this.#told.add(app);
    parentPort?.postMessage({ kind: "not remembered", app } satisfies WorkerMessage);
  }

  get kernel(): Kernel {
    this.#kernel ??= this.#open();
    return this.#kernel;
  }

  flush(): void {
    this.#kernel?.flush();
  }

  drain(): void {
    if (this.#kernel?.executor.hasEvents()) this.#kernel.pump.drain();
  }
}

export const openNested: OpenNested = ({ sessionId, worker, executor, scope }) => {
  const calls = new WorkerCalls(sessionId, worker, executor, scope);
  setNested((context) => {
    scope.enter(context);
    return calls.kernel;
  });
  return calls;
};
