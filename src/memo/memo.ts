/** Results of earlier calls: in memory, and in a store where there is one. Equal calls under way join. */

import type { HeddleError } from "../errors.ts";
import type { AppFuture, Dependent, Home } from "../futures/future.ts";
import { decode, encode } from "../serialize/codec.ts";
import type { AppDefinition, CachePolicy } from "../serialize/registry.ts";
import { keyOf } from "./key.ts";
import { RangeLog, type RangeStore } from "./ranges.ts";
import { versionOf } from "./version.ts";

/** What outlives the program. */
export interface MemoStore extends RangeStore {
  /** The encoded result, in memory that the next call may overwrite, or null. */
  get(app: string, version: string, key: string): Uint8Array | null;
  put(app: string, version: string, key: string, result: Uint8Array): void;
  /** How many results there are of other versions of the app; 0 where there are any of this one. */
  keptOfOthers(app: string, version: string): number;
}

/** The files that a call makes: its result counts only as long as they are as they were. */
export interface MadeFiles {
  /** How they are, once the call is done and they are in their places; null: some are not. Plain data. */
  record(): Promise<unknown>;
  /** Are they as they were? */
  hold(record: unknown): Promise<boolean>;
}

/** How a call is run, and what it makes. */
export interface Asking {
  /** Asked, where the call waits, for what runs it after all: because an equal one was cancelled, or files are gone. */
  runner: () => () => void;
  /** Null: none. */
  files: MadeFiles | null;
}

/** Of an app and a version of it. */
interface Known {
  app: string;
  cache: CachePolicy;
  version: string;
  /** Numbers, texts and the like as they are; other values encoded, so that each call gets its own. */
  results: Map<string, unknown>;
  running: Map<string, AppFuture<unknown>>;
}

const BYTES_MAX = 256 * 1024 * 1024; // What is forgotten here is still in the store, or runs again.
/** Results of other versions are counted up to here. */
export const COUNTED_MAX = 100_000;
const ENTRY_BYTES = 150; // About what a small one costs beside its key and value.

export class Memo {
  readonly #store: MemoStore | null;
  readonly #known = new Map<string, Known>();
  readonly #byApp = new WeakMap<AppDefinition, Known>();
  readonly #track: (work: Promise<void>) => void;
  /** Results that are not remembered yet, since it takes a look at files. */
  readonly #recording = new Set<Promise<void>>();
  /** Of maps, by app and version. */
  readonly #logs = new Map<string, RangeLog>();
  /** Apps whose other versions were told of. */
  readonly #told = new Set<string>();
  #bytes = 0;

  /** @param track - Told of what is to be waited for before the program ends. */
  constructor(store: MemoStore | null, track: (work: Promise<void>) => void) {
    this.#store = store;
    this.#track = track;
  }

  /** Are there places for results of maps? See `rangesOf`. */
  get keepsMaps(): boolean {
    return this.#store !== null;
  }

  /** Resolves when all results so far are in the store. */
  async settled(): Promise<void> {
    for (const log of this.#logs.values()) log.flush();
    await Promise.all(this.#recording);
  }

  /**
   * Ends the call with a known result, or lets it wait for an equal one that runs. Else the call is to run, and its result will be kept.
   * Throws ERR_MEMO_KEY.
   *
   * @returns True: it is not to run, or not yet.
   */
  answers(
    app: AppDefinition,
    args: readonly unknown[],
    future: AppFuture<unknown>,
    { runner, files }: Asking,
  ): boolean {
    const known = this.#knownOf(app);
    const own = keyOf(app.name, known.cache, args);
    const key = files === null ? own : `${own}f`;
    const found = this.#find(known, key);
    if (found !== undefined && files === null) {
      future.resolve(valueOf(found), -1, "memo-done");
      return true;
    }
    const running = known.running.get(key);
    if (running !== undefined) {
      const run = runner();
      const again = (): void => void (this.answers(app, args, future, { runner: () => run, files }) || run());
      new Joined(future, again).join(running);
      return true;
    }
    known.running.set(key, future);
    future.listen({ inputSettled: () => this.#ended(known, key, future, files) });
    if (found === undefined || files === null) return false;
    this.#track(this.#answerIfHeld(valueOf(found) as WithFiles, files, future, runner()));
    return true;
  }

  async #answerIfHeld(found: WithFiles, files: MadeFiles, future: AppFuture<unknown>, run: () => void): Promise<void> {
    const held = await files.hold(found.files);
    if (future.done()) return;
    if (held) future.resolve(found.value, -1, "memo-done");
    else run();
  }

  /**
   * Where finished tasks of maps of the app are kept; null: nowhere, since only a store has room for them.
   *
   * @param given - Null: the version is made of the app's source.
   */
  rangesOf(app: AppDefinition, given: string | null): RangeLog | null {
    if (this.#store === null) return null;
    const version = given ?? versionOf(app);
    const id = `${app.name}\0${version}`;
    let log = this.#logs.get(id);
    if (log === undefined) {
      log = new RangeLog({ app: app.name, version }, this.#store);
      if (given === null) this.#tellOfOthers(app, version);
      this.#logs.set(id, log);
    }
    return log;
  }

  #knownOf(app: AppDefinition): Known {
    const found = this.#byApp.get(app);
    if (found !== undefined) return found;
    const cache = app.policy?.cache as CachePolicy;
    const version = versionOf(app);
    const id = `${app.name}\0${version}`;
    let known = this.#known.get(id);
    if (known === undefined) {
      this.#tellOfOthers(app, version);
      known = { app: app.name, cache, version, results: new Map(), running: new Map() };
      this.#known.set(id, known);
    }
    const own = known.cache === cache ? known : { ...known, cache }; // The same results, found by other keys.
    this.#byApp.set(app, own);
    return own;
  }

  /** Once for each app: why results that are there are not found. */
  #tellOfOthers({ name, policy }: AppDefinition, version: string): void {
    if (this.#store === null || (policy?.cache?.version ?? null) !== null || this.#told.has(name)) return;
    const others = this.#store.keptOfOthers(name, version);
    if (others === 0) return;
    this.#told.add(name);
    const count = others < COUNTED_MAX ? others : `${COUNTED_MAX} or more`;
    process.stderr.write(
      `heddle: app "${name}" has ${count} kept results under other versions, and none under that of its source now: its calls run. ` +
        'Results outlive changes of the source under a version of your own, cache: { version: "1" }; `heddle cache ls` lists versions\n',
    );
  }

  #find(known: Known, key: string): unknown {
    const found = known.results.get(key);
    if (found !== undefined || this.#store === null) return found;
    return this.#store.get(known.app, known.version, key) ?? undefined;
  }

  #ended(known: Known, key: string, future: AppFuture<unknown>, files: MadeFiles | null): void {
    if (files === null || future.state !== "done") {
      known.running.delete(key);
      if (future.state === "done") this.#keep(known, key, future.outcome);
      return;
    }
    const recording = files
      .record()
      .catch(() => null) // Then the next call of the kind runs.
      .then((record) => {
        known.running.delete(key);
        this.#recording.delete(recording);
        if (record !== null) this.#keep(known, key, { files: record, value: future.outcome } satisfies WithFiles);
      });
    this.#recording.add(recording);
    this.#track(recording);
  }

  #keep(known: Known, key: string, value: unknown): void {
    const simple = isSimple(value);
    const bytes = simple && this.#store === null ? null : encode(value);
    this.#bytes += ENTRY_BYTES + key.length + (simple ? 8 : (bytes?.length ?? 0));
    known.results.set(key, simple ? value : bytes);
    if (bytes !== null) this.#store?.put(known.app, known.version, key, bytes);
    if (this.#bytes > BYTES_MAX) this.#forget();
  }

  // Everything at once: what was kept longest is not what is needed least, and to know that would cost every hit.
  #forget(): void {
    for (const { results } of this.#known.values()) results.clear();
    this.#bytes = 0;
  }
}

function isSimple(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length < 1_000);
}

function valueOf(found: unknown): unknown {
  return found instanceof Uint8Array ? decode(found) : found;
}

/** What is kept of a call that makes files. */
interface WithFiles {
  files: unknown;
  value: unknown;
}

/** A call that waits for an equal one. */
class Joined implements Dependent, Home {
  readonly #future: AppFuture<unknown>;
  readonly #again: () => void;

  constructor(future: AppFuture<unknown>, again: () => void) {
    this.#future = future;
    this.#again = again;
  }

  join(running: AppFuture<unknown>): void {
    if (this.#future.state !== "pending") this.#future.moved("pending", this);
    running.subscribe(this);
  }

  inputSettled(running: AppFuture<unknown>): void {
    if (this.#future.done()) return;
    if (running.state === "done" || running.state === "memo-done")
      this.#future.resolve(valueOf(copyOf(running.outcome)), -1, "memo-done");
    else if (running.state === "cancelled") this.#again();
    else this.#future.reject(running.outcome as HeddleError);
  }

  cancelled(): void {}
}

function copyOf(value: unknown): unknown {
  return isSimple(value) ? value : encode(value);
}
