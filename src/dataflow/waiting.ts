/** A call that waits for its inputs. */

import { AppFuture, type Dependent, type Home } from "../futures/future.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { labelOf } from "../staging/apps.ts";
import { FileRef } from "../staging/file.ts";
import { completeCall, type Waiting } from "./arguments.ts";
import { errorOfCall } from "./failures.ts";
import type { FileKeys } from "./file-keys.ts";

/** What the kernel does for a call that waits. */
export interface WaitingFor {
  /** It runs when this one is done; whoever looks at that one need not look at it. */
  readonly after: AppFuture<unknown> | null;
  /** Of a call whose result is remembered; else null. */
  readonly keys: FileKeys | null;
  /**
   * Brings a file to where the task will run: its path there, or what else the task gets for it.
   *
   * @param waits - Told what is to be called when the call does not want it any more.
   */
  path(ref: FileRef, waits: (forgo: () => void) => void): PromiseLike<unknown>;
  /**
   * Told once: the bytes, valid until the next call is encoded, and what of files and arguments makes it equal to others (null: its arguments
   * alone). Or null, the future is over.
   */
  ended(bytes: Uint8Array | null, seen: unknown[] | null): void;
}

export class WaitingCall implements Dependent, Home {
  readonly #app: AppDefinition;
  readonly #future: AppFuture<unknown>;
  readonly #call: Waiting;
  readonly #for: WaitingFor;
  #missing = 1; // One for the constructor of waiting itself.
  /** Of promises that are not ours, and of files. */
  #others: Map<unknown, unknown> | null = null;
  /** Of inputs that are files. */
  #files: Map<unknown, FileRef> | null = null;
  #forgo: (() => void)[] | null = null;

  constructor(app: AppDefinition, future: AppFuture<unknown>, call: Waiting, forIt: WaitingFor) {
    this.#app = app;
    this.#future = future;
    this.#call = call;
    this.#for = forIt;
  }

  /** Ends at once where all inputs are there. */
  start(): void {
    this.#future.moved("pending", this);
    const { after } = this.#for;
    if (after !== null) {
      this.#missing++;
      after.listen(this);
    }
    for (const input of this.#call.inputs) {
      if (this.#missing < 0) return;
      if (input instanceof AppFuture) {
        this.#missing++;
        input.subscribe(this);
      } else if (!(input instanceof FileRef)) this.#await(input, input, null);
      else this.#bring(input, input);
    }
    this.#arrived();
  }

  inputSettled(input: AppFuture<unknown>): void {
    if (this.#missing < 0) return;
    if (input.state === "done" || input.state === "memo-done") this.#arrived();
    else this.#failed(input, input.outcome);
  }

  cancelled(): void {
    if (this.#missing <= 0) return;
    this.#end(null, null);
    this.#forgoFiles();
  }

  #forgoFiles(): void {
    const forgo = this.#forgo ?? [];
    this.#forgo = null;
    for (const one of forgo) one();
  }

  #await(input: unknown, source: PromiseLike<unknown>, name: string | null): void {
    this.#others ??= new Map();
    this.#missing++;
    source.then(
      (value) => {
        this.#others?.set(input, value);
        this.#arrived();
      },
      (error) => this.#failed(source, error, name),
    );
  }

  #arrived(): void {
    if (this.#missing < 0 || --this.#missing > 0) return;
    const results = this.#call.inputs.map((input) => this.#resultOf(input));
    if ((this.#app.joins !== true || this.#for.keys !== null) && this.#bringsFiles(results)) return;
    let bytes: Uint8Array;
    let seen: unknown[] | null = null;
    try {
      bytes = completeCall(this.#app, this.#call, results, this.#future.index);
      const { keys } = this.#for;
      if (keys !== null) {
        bytes = bytes.slice();
        seen = this.#seen(keys, results, bytes);
      }
    } catch (error) {
      this.#future.reject(errorOfCall(error, this.#app.name, this.#future.index, null));
      return this.#end(null, null);
    }
    this.#end(bytes, seen);
  }

  #seen(keys: FileKeys, results: readonly unknown[], bytes: Uint8Array): unknown[] | null {
    const values = this.#call.inputs.map((input, k) => {
      const ref = this.#files?.get(input);
      return ref === undefined ? results[k] : keys.keyOf(ref);
    });
    return keys.seen(this.#call, values, bytes);
  }

  #resultOf(input: unknown): unknown {
    return input instanceof AppFuture && this.#others?.has(input) !== true ? input.outcome : this.#others?.get(input);
  }

  /** Among the results are files, made by other tasks: waits for their paths. */
  #bringsFiles(results: readonly unknown[]): boolean {
    results.forEach((result, k) => {
      const input = this.#call.inputs[k];
      if (result instanceof FileRef && this.#files?.has(input) !== true) this.#bring(input, result);
    });
    return this.#missing > 0;
  }

  #bring(input: unknown, ref: FileRef): void {
    this.#files ??= new Map();
    this.#files.set(input, ref);
    const waits = (forgo: () => void): void => {
      this.#forgo ??= [];
      this.#forgo.push(forgo);
    };
    this.#await(input, this.#for.path(ref, waits), labelOf("in", ref.url));
  }

  #failed(input: PromiseLike<unknown>, error: unknown, name: string | null = null): void {
    if (this.#missing < 0) return;
    this.#missing = -1;
    this.#future.inputFailed(input, error, name);
    if (input === this.#for.after) this.#future.dismiss();
    this.#for.ended(null, null);
    this.#forgoFiles();
  }

  #end(bytes: Uint8Array | null, seen: unknown[] | null): void {
    this.#missing = -1;
    this.#for.ended(bytes, seen);
  }
}
