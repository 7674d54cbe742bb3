/** A call that waits for its inputs. */

import type { HeddleError } from "../errors.ts";
import { AppFuture, type Dependent, type Home } from "../futures/future.ts";
import type { AppDefinition } from "../serialize/registry.ts";
import { completeCall, type Waiting } from "./arguments.ts";

export class WaitingCall implements Dependent, Home {
  readonly #app: AppDefinition;
  readonly #future: AppFuture<unknown>;
  readonly #call: Waiting;
  readonly #ended: (bytes: Uint8Array | null) => void;
  #missing = 1; // One for the constructor of waiting itself.
  /** Of promises that are not ours. */
  #others: Map<PromiseLike<unknown>, unknown> | null = null;

  /** @param ended - Told once: the bytes, valid until the next call is encoded; or null, the future is over. */
  constructor(
    app: AppDefinition,
    future: AppFuture<unknown>,
    call: Waiting,
    ended: (bytes: Uint8Array | null) => void,
  ) {
    this.#app = app;
    this.#future = future;
    this.#call = call;
    this.#ended = ended;
  }

  /** Ends at once where all inputs are there. */
  start(): void {
    this.#future.moved("pending", this);
    for (const input of this.#call.inputs) {
      if (this.#missing < 0) return;
      if (input instanceof AppFuture) {
        this.#missing++;
        input.subscribe(this);
      } else this.#await(input);
    }
    this.#arrived();
  }

  inputSettled(input: AppFuture<unknown>): void {
    if (this.#missing < 0) return;
    if (input.state === "done" || input.state === "memo-done") this.#arrived();
    else this.#failed(input, input.outcome);
  }

  cancelled(): void {
    if (this.#missing > 0) this.#end(null);
  }

  #await(input: PromiseLike<unknown>): void {
    this.#others ??= new Map();
    this.#missing++;
    input.then(
      (value) => {
        this.#others?.set(input, value);
        this.#arrived();
      },
      (error) => this.#failed(input, error),
    );
  }

  #arrived(): void {
    if (this.#missing < 0 || --this.#missing > 0) return;
    const { inputs } = this.#call;
    const results = inputs.map((input) => (input instanceof AppFuture ? input.outcome : this.#others?.get(input)));
    let bytes: Uint8Array;
    try {
      bytes = completeCall(this.#app, this.#call, results, this.#future.index);
    } catch (error) {
      this.#future.reject(error as HeddleError);
      return this.#end(null);
    }
    this.#end(bytes);
  }

  #failed(input: PromiseLike<unknown>, error: unknown): void {
    if (this.#missing < 0) return;
    this.#missing = -1;
    this.#future.inputFailed(input, error);
    this.#ended(null);
  }

  #end(bytes: Uint8Array | null): void {
    this.#missing = -1;
    this.#ended(bytes);
  }
}
