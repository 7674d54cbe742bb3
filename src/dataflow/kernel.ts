/**
 * The front end's core: turns calls and maps into batches on one executor, and waits for the inputs of calls.
 */

import { HeddleError } from "../errors.ts";
import type { Executor } from "../executors/executor.ts";
import { checkHolder, checkOwnLabel, checkTask } from "../executors/needs.ts";
import { AppFuture } from "../futures/future.ts";
import { noCounts, STATES, type StateCounts } from "../futures/states.ts";
import type { Memo } from "../memo/memo.ts";
import type { Placement } from "../native/binding.ts";
import { ANYWHERE, type AppDefinition, isOwn, type RetryPolicy } from "../serialize/registry.ts";
import type { FileRef } from "../staging/file.ts";
import { argumentsOf, encodeCall, type Waiting } from "./arguments.ts";
import { bringOut, type FilesOfCall, filesOf, noFiles, notHere, waitingWith } from "./call-files.ts";
import { CallGatherer } from "./calls.ts";
import { errorOfCall } from "./failures.ts";
import { FileKeys } from "./file-keys.ts";
import type { FileTasks } from "./files.ts";
import { joinScope } from "./join-scope.ts";
import { JoiningCall } from "./joining.ts";
import { Pump, type PumpEvents } from "./pump.ts";
import { AppTally, failedTask } from "./tally.ts";
import { WaitingCall, type WaitingFor } from "./waiting.ts";
import { hasStreamFiles, setOf, streamsOf } from "./words.ts";

const SPIN_CALLS_MAX = 2; // Calls of one turn whose replies are worth a moment of waiting.

/** What is known of a call whose inputs are all there. */
interface Known {
  /** As they were given, where nothing was waited for. */
  args: readonly unknown[] | null;
  /** What makes it equal to others, where files play a part. */
  seen: unknown[] | null;
  keys: FileKeys | null;
}

/** Who calls: the program, or one task. What it calls is numbered, and gets its random numbers, by it alone. */
export class Caller {
  /** Tells its random streams from those of others. */
  readonly salt: string;
  readonly gatherers: WeakMap<AppDefinition, CallGatherer> = new WeakMap();
  maps = 0;

  constructor(salt: string) {
    this.salt = salt;
  }
}

/** Where several call: who does now, and told of everything that it begins. */
export interface KernelWatch {
  caller(): Caller | undefined;
  /** Does the caller hold tokens? */
  holdsTokens(): boolean;
  called(future: AppFuture<unknown>): void;
  tracked(job: Promise<unknown>): void;
  /** Told of each that has `cache`: results of what tasks call are not kept. */
  notRemembered(app: string): void;
}

export class Kernel {
  readonly executor: Executor;
  readonly pump: Pump;
  /** What is to be done before the engine closes, and needs it. */
  readonly beforeClose: (() => Promise<void>)[] = [];
  /** Results of earlier calls of the program; null: its calls are those of tasks. */
  memo: Memo | null = null;
  /** How often tasks of apps that say nothing of it are tried again; null: never. */
  retries: RetryPolicy | null = null;
  /** Null as well. */
  files: FileTasks | null = null;
  readonly #program = new Caller("");
  readonly #gathering = new Set<CallGatherer>();
  #flushing = false;
  #waiting = 0;
  #closed = false;
  /** A board shows what all apps do: maps draw no bars of their own. */
  showsProgress = false;
  /** By app. */
  readonly tallies: Map<string, AppTally> = new Map();
  readonly #jobs = new Set<Promise<unknown>>();
  readonly #watch: KernelWatch | null;

  constructor(executor: Executor, events: PumpEvents, watch: KernelWatch | null = null) {
    this.executor = executor;
    this.#watch = watch;
    this.pump = new Pump(executor, events);
  }

  /**
   * Calls an app: the future fails for arguments that cannot be sent, nothing is thrown.
   *
   * @param after - It runs when that call is done, and whoever looks at it looks at that one.
   */
  call(app: AppDefinition, args: readonly unknown[], after: AppFuture<unknown> | null = null): AppFuture<unknown> {
    const gatherer = this.#gathererOf(app);
    const index = gatherer.numbers.made++;
    const future = new AppFuture<unknown>(app.name, index, gatherer.tally);
    gatherer.tally.made++;
    if (this.#closed) {
      future.reject(closedError(app.name));
      return future;
    }
    if (app.policy?.cache) this.#watch?.notRemembered(app.name);
    try {
      this.check(app, app.placement);
      const files = app.files === undefined ? null : filesOf(app, args, this.files);
      const call = encodeCall(app, args, index, this.#remembers(app));
      if (call instanceof Uint8Array && after === null && files === null)
        this.#ready(gatherer, app, future, checked(app, args, call), { args, seen: null, keys: null });
      else this.#waitFor(gatherer, app, future, waitingWith(call, files), { after, files });
      this.#watch?.called(future);
    } catch (error) {
      this.#watch?.called(future);
      future.reject(errorOfCall(error, app.name, index, args));
    }
    const scope = joinScope();
    if (scope !== undefined && !isOwn(app)) scope.add(future);
    return future;
  }

  /** Throws ERR_EXECUTOR, ERR_PLACEMENT, ERR_RESOURCES or ERR_TOKENS where tasks need what nobody has. */
  check(app: AppDefinition, placement: Placement): void {
    if (placement === ANYWHERE) return;
    const { members } = this.executor;
    const { executors } = placement;
    if (this.#watch === null || executors === undefined) checkTask(members, app, placement);
    else {
      checkOwnLabel(app.name, executors, members[0]?.label ?? "");
      checkTask(members, app, withoutLabels(placement));
    }
    if (placement.need === null) return;
    if (this.#watch?.holdsTokens()) checkHolder(app.name, placement.need);
  }

  /** Names maps in the order in which their caller makes them: two runs give each the same name. */
  nextMap(app: AppDefinition, isKept: boolean): string {
    if (isKept) this.#watch?.notRemembered(app.name);
    const caller = this.#caller();
    return `${caller.salt}${caller.maps++}`;
  }

  /** Lets `whenIdle` wait for a map. */
  track(job: Promise<unknown>): void {
    this.#jobs.add(job);
    this.#watch?.tracked(job);
    const forget = (): void => void this.#jobs.delete(job);
    job.then(forget, forget);
  }

  /** Resolves when no call and no map is outstanding. */
  async whenIdle(): Promise<void> {
    for (;;) {
      this.flush();
      await this.pump.whenIdle();
      await Promise.allSettled(this.#jobs);
      // Continuations of what just ended may make new calls: let them.
      await new Promise((resolve) => setImmediate(resolve));
      const gathered = this.#gathering.size > 0;
      if (this.pump.outstanding === 0 && this.#jobs.size === 0 && !gathered && this.#waiting === 0) return;
      if (this.#waiting > 0 && this.pump.outstanding === 0 && !gathered) await this.#inputsMove();
    }
  }

  /** Calls so far, by state; what is not sent yet counts as launched. */
  counts(): StateCounts {
    const sum = noCounts();
    for (const tally of this.tallies.values()) {
      const counts = tally.calls();
      for (const state of STATES) sum[state] += counts[state];
    }
    return sum;
  }

  /** What became of the calls and maps of an app. */
  tallyOf(app: AppDefinition): AppTally {
    let tally = this.tallies.get(app.name);
    if (tally === undefined) {
      tally = new AppTally(app, this.pump);
      this.tallies.set(app.name, tally);
    }
    return tally;
  }

  /** No call is accepted any more; outstanding ones fail. */
  shut(): void {
    this.#closed = true;
    this.pump.end(closedError(null), false);
  }

  #gathererOf(app: AppDefinition): CallGatherer {
    const { gatherers, salt } = this.#caller();
    let gatherer = gatherers.get(app);
    if (gatherer === undefined) {
      const numbers = app.base === undefined ? { made: 0 } : this.#gathererOf(app.base).numbers;
      gatherer = new CallGatherer(app, { kernel: this, salt, numbers, tally: this.tallyOf(app) });
      gatherers.set(app, gatherer);
    }
    return gatherer;
  }

  #caller(): Caller {
    return this.#watch?.caller() ?? this.#program;
  }

  /** All that it needs is there. */
  #ready(
    gatherer: CallGatherer,
    app: AppDefinition,
    future: AppFuture<unknown>,
    bytes: Uint8Array,
    { args, seen, keys }: Known,
  ): void {
    const { memo } = this;
    if (memo !== null && this.#remembers(app)) {
      const runner = (): (() => void) => {
        const own = bytes.slice();
        return () => this.#begin(gatherer, app, future, own);
      };
      try {
        const all = seen !== null && app.policy?.cache?.key === null ? seen : seenBy(app, bytes, args);
        if (memo.answers(app, all, future, { runner, files: keys?.makesFiles === true ? keys : null })) return;
      } catch (error) {
        return future.reject(errorOfCall(error, app.name, future.index, args));
      }
    }
    this.#begin(gatherer, app, future, bytes);
  }

  /** Are results of earlier calls of the app used? */
  #remembers(app: AppDefinition): boolean {
    return this.memo !== null && app.policy !== undefined && app.policy.cache !== null;
  }

  #begin(gatherer: CallGatherer, app: AppDefinition, future: AppFuture<unknown>, bytes: Uint8Array): void {
    if (app.kind === "process" && hasStreamFiles(app))
      future.files = { ...(future.files ?? noFiles), ...streamsOf(app, bytes) };
    if (app.joins !== true) return this.#add(gatherer, future, bytes);
    this.#waits(gatherer);
    const joining = new JoiningCall(app, argumentsOf(app, bytes, true), future, {
      retries: () => (this.#closed ? null : (app.policy?.retries ?? null)),
      ended: () => this.#waitedFor(gatherer),
      retried: (error) => {
        const { index, tries } = future;
        this.pump.observer?.retried(failedTask({ app: app.name, index, map: null, tries }, error));
      },
    });
    queueMicrotask(() => joining.run()); // Not from within: such apps call themselves, as deep as a loop is long.
  }

  #add(gatherer: CallGatherer, future: AppFuture<unknown>, bytes: Uint8Array): void {
    gatherer.add(future, bytes);
    this.#gathering.add(gatherer);
    if (this.#flushing) return;
    this.#flushing = true;
    // nextTick runs when the queue of microtasks is empty: what continuations call in this turn comes along.
    queueMicrotask(() => process.nextTick(() => this.flush()));
  }

  /** Submits what was called so far, which otherwise happens at the end of the turn. */
  flush(): void {
    this.#flushing = false;
    let calls = 0;
    for (const gatherer of this.#gathering) calls += gatherer.flush();
    this.#gathering.clear();
    if (calls > 0 && calls <= SPIN_CALLS_MAX) this.pump.spin();
  }

  #moved: (() => void)[] = [];

  #inputsMove(): Promise<void> {
    return new Promise((resolve) => this.#moved.push(resolve));
  }

  #waits({ tally }: CallGatherer): void {
    this.#waiting++;
    tally.waiting++;
  }

  #waitedFor({ tally }: CallGatherer): void {
    this.#waiting--;
    tally.waiting--;
    for (const resolve of this.#moved.splice(0)) resolve();
  }

  #waitFor(
    gatherer: CallGatherer,
    app: AppDefinition,
    future: AppFuture<unknown>,
    call: Waiting,
    { after, files }: { after: AppFuture<unknown> | null; files: FilesOfCall | null },
  ): void {
    const tasks = this.files;
    const keys = tasks !== null && this.#remembers(app) ? new FileKeys(app, future, tasks, files) : null;
    // First: it may begin at once, and then knows more of its files.
    if (files !== null && tasks !== null) future.files = bringOut(future, files, tasks, keys);
    else if (after !== null) future.files = { ...noFiles, origin: after };
    this.#wait(gatherer, app, future, call, { after, files, keys });
  }

  #wait(
    gatherer: CallGatherer,
    app: AppDefinition,
    future: AppFuture<unknown>,
    call: Waiting,
    { after, files, keys }: { after: AppFuture<unknown> | null; files: FilesOfCall | null; keys: FileKeys | null },
  ): void {
    this.#waits(gatherer);
    const ended = (bytes: Uint8Array | null, seen: unknown[] | null): void => {
      this.#waitedFor(gatherer);
      if (bytes === null) return;
      if (this.#closed) future.reject(closedError(app.name));
      else this.#ready(gatherer, app, future, bytes, { args: null, seen, keys });
    };
    const place = (ref: FileRef, waits: (forgo: () => void) => void): PromiseLike<string> =>
      files?.places.get(ref.url)?.ready ??
      this.files?.path(ref, app.placement, waits) ??
      Promise.reject(notHere(app.name));
    const path: WaitingFor["path"] = keys === null ? place : (ref, waits) => keys.found(ref, place(ref, waits));
    new WaitingCall(app, future, call, { after, keys, path, ended }).start();
  }
}

/** The arguments of a call that is sent as it is, checked. Its schema may encode values of its own meanwhile. */
function checked(app: AppDefinition, args: readonly unknown[], bytes: Uint8Array): Uint8Array {
  if (app.check === undefined) return bytes;
  const own = bytes.slice();
  app.check(args);
  return own;
}

/** The arguments as the task will see them; numbers and texts it sees as they are. */
function seenBy(app: AppDefinition, bytes: Uint8Array, args: readonly unknown[] | null): readonly unknown[] {
  if (args !== null && app.kind === "js" && args.every(isSimple)) return args;
  return [...argumentsOf(app, bytes, true), ...setOf(app)];
}

function isSimple(value: unknown): boolean {
  return typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === null;
}

function withoutLabels({ executors: _, ...placement }: Placement): Placement {
  return placement;
}

export function closedError(app: string | null): HeddleError {
  const what =
    app === null ? "The engine was closed while tasks were outstanding." : `App "${app}" was called after close().`;
  return new HeddleError("ERR_CLOSED", what, "await every call and map before close()");
}
