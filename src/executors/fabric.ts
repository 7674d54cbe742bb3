/** The fabric executor: the addon's session with the JS workers of this rank, over threads or MPI. */

import { letLauncherRead } from "../launchers/last-words.ts";
import type { Drained, RankCapacity, SessionStats, SubmitOptions, TokenKind, WorkerKind } from "../native/binding.ts";
import type { Session } from "../native/session.ts";
import type { Executor, Member } from "./executor.ts";
import type { WorkerPool } from "./workers.ts";

const CLOSE_MS = 10_000; // Other ranks end their tasks within this, or are left behind.
const STATS_MS = 2_000;

export class FabricExecutor implements Executor {
  readonly kind: "threads" | "mpi";
  readonly rank: number;
  readonly ranks: number;
  readonly hostname: string;
  readonly workers: number;
  readonly slots: Readonly<Record<WorkerKind, number>>;
  readonly members: readonly Member[];
  readonly capacities: readonly RankCapacity[];
  readonly tokens: readonly TokenKind[];
  /** @internal For benches. */
  readonly session: Session;
  readonly #pool: WorkerPool;
  #closed = false;

  constructor(label: string, kind: "threads" | "mpi", session: Session, pool: WorkerPool) {
    this.members = [{ label, executor: this }];
    this.kind = kind;
    this.session = session;
    this.rank = session.native.rank;
    this.ranks = session.native.ranks;
    this.hostname = session.native.hostname;
    const { jsWorkers, processSlots, nativeSlots, capacities, tokens } = session.native.layout;
    this.workers = jsWorkers;
    this.slots = { js: jsWorkers, process: processSlots, native: nativeSlots };
    this.capacities = capacities;
    this.tokens = tokens;
    this.#pool = pool;
  }

  nodes(): Uint32Array {
    return this.session.native.nodes();
  }

  onEvents(notify: () => void): void {
    this.session.native.onEvents(notify);
  }

  setPolling(on: boolean): void {
    this.session.native.setPolling(on);
  }

  submit(options: SubmitOptions): number {
    return this.session.submit(options);
  }

  hasEvents(): boolean {
    return this.session.native.hasEvents();
  }

  waitEvents(us: number): boolean {
    return this.session.native.waitEvents(us);
  }

  drain(): Drained {
    return this.session.drain();
  }

  credit(batch: number, bytes: number): void {
    this.session.native.credit(batch, bytes);
  }

  cancel(batch: number): void {
    this.session.native.cancel(batch);
  }

  /** Ends a worker whose task exceeded its walltime. */
  endOverdue(worker: number): void {
    this.#pool.endOverdue(worker);
  }

  stats(): SessionStats {
    return this.session.native.stats();
  }

  gatherStats(): SessionStats[] {
    return this.session.native.gatherStats(STATS_MS);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.closeNow();
    await this.#pool.close();
  }

  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.expectEnd();
    this.session.native.close(CLOSE_MS);
  }

  abort(exitCode: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.expectEnd();
    if (this.kind === "mpi") letLauncherRead();
    this.session.native.abort(exitCode);
  }
}
