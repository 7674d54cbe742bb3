/**
 * Where tasks go. An executor takes batches and gives records of what became of their tasks; it knows nothing of futures.
 * The shape is that of the addon's session, so that the `inline` executor and the fabric are told apart nowhere above.
 */

import type { Drained, RankCapacity, SessionStats, SubmitOptions, TokenKind, WorkerKind } from "../native/binding.ts";

export type ExecutorKind = "inline" | "threads" | "mpi";

/** An executor under the label by which apps ask for it. */
export interface Member {
  readonly label: string;
  readonly executor: Executor;
}

export interface Executor {
  /** Itself under its label; or those that it is made of. */
  readonly members: readonly Member[];
  readonly kind: ExecutorKind;
  readonly rank: number;
  readonly ranks: number;
  readonly hostname: string;
  /** JS workers of this rank. */
  readonly workers: number;
  /** Tasks at a time of this rank, by kind. */
  readonly slots: Readonly<Record<WorkerKind, number>>;
  /** What each rank has, in the order of the ranks; and what the whole job has. */
  readonly capacities: readonly RankCapacity[];
  readonly tokens: readonly TokenKind[];
  /** By rank, the lowest rank of its node. */
  nodes(): Uint32Array;
  /** `notify` is called soon after there is something to drain; then not again until `drain` was called. */
  onEvents(notify: () => void): void;
  /** Returns the batch's number. Its bytes must stay unchanged until it is finished. */
  submit(options: SubmitOptions): number;
  /** Cheap: is there something to drain? */
  hasEvents(): boolean;
  /** The same, looking for at most `us` microseconds; blocks. */
  waitEvents(us: number): boolean;
  drain(): Drained;
  /** Hands back room for `bytes` of payload that the program has consumed. */
  credit(batch: number, bytes: number): void;
  cancel(batch: number): void;
  stats(): SessionStats;
  /** Of all ranks, by asking each; blocks for a moment. */
  gatherStats(): SessionStats[];
  /** While on, `notify` is not called, because the caller looks at `hasEvents` itself. */
  setPolling(on: boolean): void;
  /** Ends a JS worker whose task exceeded its walltime; another takes its place. */
  endOverdue(worker: number): void;
  /** Ends in order: no task runs after it. */
  close(): Promise<void>;
  /** The same, blocking: for the last moment of the process. */
  closeNow(): void;
  /** Ends children and the whole job with this code; returns when the job is this process alone. */
  abort(exitCode: number): void;
}
