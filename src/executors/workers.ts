/** The JS worker threads of a rank: started, replaced when one dies, ended. */

import { Worker } from "node:worker_threads";
import type { NativeSession } from "../native/binding.ts";
import { encodeError, payloadOf, payloadOfThrown } from "../serialize/errors.ts";
import type { WorkerMessage, WorkerStart } from "../worker/protocol.ts";
import { isolatedCommand, workerEntry } from "./worker-entry.ts";

export interface WorkerPoolOptions {
  session: NativeSession;
  /** Label of the executor. */
  executor: string;
  /** For each worker the GPUs that its tasks may use. */
  devices: string[][];
  load: WorkerStart["load"];
  /** A worker cannot load the program: the whole job cannot go on. */
  onBroken: (message: string) => void;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads: (Worker | null)[] = [];
  readonly #overdue = new Set<number>();
  readonly #errors = new Map<number, Error>();
  /** Workers that have loaded the program since they were started. */
  readonly #ready = new Set<number>();
  /** Apps of which it was said that calls of tasks are not remembered. */
  readonly #told = new Set<string>();
  readonly #isolated: string[] = isolatedCommand();
  #ending = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    for (const worker of options.devices.keys()) this.#start(worker);
  }

  /** Ends the worker whose task exceeded its walltime; another takes its place. */
  endOverdue(worker: number): void {
    this.#overdue.add(worker);
    void this.#threads[worker]?.terminate();
  }

  /** From now on a worker that ends is not replaced. */
  expectEnd(): void {
    this.#ending = true;
  }

  /** Ends all. */
  async close(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#threads.map((thread) => thread?.terminate()));
  }

  #start(worker: number): void {
    const { session, executor, devices, load } = this.#options;
    const workerData: WorkerStart = {
      heddle: 1,
      sessionId: session.id,
      worker,
      rank: session.rank,
      executor,
      gpus: devices[worker] ?? [],
      load,
      argv: process.argv,
      sourceMaps: process.execArgv.includes("--enable-source-maps"),
      isolated: this.#isolated,
    };
    const { filename, options } = workerEntry();
    const thread = new Worker(filename, { ...options, workerData, name: `heddle-${worker}` });
    this.#threads[worker] = thread;
    thread.on("message", (message: WorkerMessage) => {
      if (message.kind === "ready") this.#ready.add(worker);
      else if (message.kind === "not remembered") this.#notRemembered(message.app);
      else this.#broken(message.message);
    });
    thread.on("error", (error) => this.#errors.set(worker, error as Error));
    thread.on("exit", (code) => this.#lost(worker, code));
    thread.unref(); // Outstanding work keeps the process alive, not an idle thread. After `on`, which would undo it.
  }

  #lost(worker: number, code: number): void {
    this.#threads[worker] = null;
    if (this.#ending) return;
    const reason = this.#reason(worker, code);
    const message = `the task waited for tasks that it called, and its worker thread was lost to another: ${reason.message}`;
    const hint = "find the task that ended it; run such code as a command with bashApp";
    const data = { rank: this.#options.session.rank, worker };
    const aside = payloadOf("ERR_WORKER_LOST", message, hint, { data });
    this.#options.session.workerLost(worker, encodeError(reason), encodeError(aside));
    const error = this.#errors.get(worker);
    this.#overdue.delete(worker);
    this.#errors.delete(worker);
    // A thread that dies before it serves would die for ever.
    if (!this.#ready.delete(worker))
      return this.#broken(error?.stack ?? `the worker thread ended with exit code ${code}`);
    this.#start(worker);
  }

  /** Said once, and by rank 0 alone: tasks run on all ranks alike. */
  #notRemembered(app: string): void {
    if (this.#told.has(app) || this.#options.session.rank !== 0) return;
    this.#told.add(app);
    process.stderr.write(
      `heddle: a task calls app "${app}", which has \`cache\`: only what the program itself calls is remembered, so that each such call runs. ` +
        "To have it remembered call it from the program, or from an app of joinApp()\n",
    );
  }

  #broken(message: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.onBroken(message);
  }

  #reason(worker: number, code: number): ReturnType<typeof payloadOf> {
    const data = { rank: this.#options.session.rank, worker };
    if (this.#overdue.has(worker)) {
      const hint = "raise `walltime`, or find out why the task hangs";
      return payloadOf("ERR_WALLTIME", "the task ran longer than its walltime, and its worker was ended", hint, {
        data,
      });
    }
    const error = this.#errors.get(worker) as (Error & { code?: string }) | undefined;
    if (error === undefined) {
      const message = `the task ended its worker thread with exit code ${code}, as process.exit() does`;
      return payloadOf("ERR_TASK_EXIT", message, "throw an error, or return", { data });
    }
    if (error.code === "ERR_WORKER_OUT_OF_MEMORY") {
      const hint = "give Node more memory: --max-old-space-size=MIB";
      return payloadOf("ERR_WORKER_LOST", `the worker thread ran out of memory: ${error.message}`, hint, { data });
    }
    return { ...payloadOfThrown(error), data };
  }
}
