/** What the main thread and its JS workers tell each other. */

/** `workerData` of a JS worker. */
export interface WorkerStart {
  heddle: 1;
  sessionId: number;
  worker: number;
  rank: number;
  /** GPUs that its tasks may use. */
  gpus: string[];
  /** What to load: the program file, whose run() hands over, or modules of apps. URLs. */
  load: { program: string } | { modules: string[] };
  /** `process.argv` of the main thread. */
  argv: string[];
  /** Do stacks name the sources that the program was compiled from? As on the main thread. */
  sourceMaps: boolean;
}

/** From a worker to the main thread. */
export type WorkerMessage =
  | { kind: "ready" }
  /** The program cannot be used: `message` has its error, for people. */
  | { kind: "broken"; message: string };
