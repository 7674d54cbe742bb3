/** What the main thread and its JS workers tell each other, and a JS worker and its process for isolated tasks. */

import type { ErrorPayload } from "../serialize/errors.ts";

/** What a JS worker must know, and its process for isolated tasks. */
export interface ProgramStart {
  rank: number;
  worker: number;
  /** GPUs that its tasks may use. */
  gpus: string[];
  /** Label of the executor that it belongs to. */
  executor: string;
  /** What to load: the program file, whose run() hands over, or modules of apps. URLs. */
  load: { program: string } | { modules: string[] };
  /** `process.argv` of the main thread. */
  argv: string[];
  /** Do stacks name the sources that the program was compiled from? As on the main thread. */
  sourceMaps: boolean;
}

/** `workerData` of a JS worker. */
export interface WorkerStart extends ProgramStart {
  heddle: 1;
  sessionId: number;
  /** Starts a process for isolated tasks. */
  isolated: readonly string[];
}

/** From a worker to the main thread. */
export type WorkerMessage =
  | { kind: "ready" }
  /** The program cannot be used: `message` has its error, for people. */
  | { kind: "broken"; message: string }
  /** A task called an app, or made a map of it, with `cache`. */
  | { kind: "not remembered"; app: string };

/** To a process for isolated tasks: first what to load, then one task after the other. */
export type IsolatedMessage = { kind: "start"; start: ProgramStart } | ({ kind: "task" } & IsolatedTask);

export interface IsolatedTask {
  app: string;
  args: readonly unknown[];
  index: number;
  batch: number;
  seed: bigint;
  cores: number;
  gpus: readonly string[];
}

/** From it. `begun` comes before the task's function is called, so that whoever ends it can be named. */
export type IsolatedReply =
  | WorkerMessage
  | { kind: "begun" }
  | { kind: "done"; value: unknown }
  | { kind: "failed"; error: ErrorPayload };
