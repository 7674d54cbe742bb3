/** The process for isolated tasks of a JS worker: runs one task at a time, of apps that say `isolation: "process"`. */

import { HeddleError, headline } from "../errors.ts";
import type { ElementType } from "../native/binding.ts";
import { loadBinding } from "../native/load.ts";
import { decode } from "../serialize/codec.ts";
import { decodeError, type ErrorPayload, PayloadError, payloadOf, payloadOfThrown } from "../serialize/errors.ts";
import { packNative } from "../serialize/native-arguments.ts";
import { type AppDefinition, findApp, freezeApps, type NativeFunction, nativeEntry } from "../serialize/registry.ts";
import { findUnencodable } from "../serialize/values.ts";
import { forgetContext, plain, type Running, setRunning } from "./context.ts";
import { unencodable } from "./finish.ts";
import { setIsolated } from "./hook.ts";
import { loadProgram } from "./load.ts";
import type { IsolatedMessage, IsolatedReply, IsolatedTask, ProgramStart } from "./protocol.ts";

/** Serves its worker until the channel to it closes. */
export function serveIsolated(): void {
  const tell = (reply: IsolatedReply): void => void process.send?.(reply);
  let tasks: IsolatedTasks | null = null;
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: IsolatedMessage) => {
    if (message.kind === "task") return void tasks?.run(message);
    const { start } = message;
    void loadProgram(
      start,
      () => {
        tasks = new IsolatedTasks(start, tell);
        tell({ kind: "ready" });
      },
      (text) => tell({ kind: "broken", message: text }),
    );
  });
}

class IsolatedTasks {
  readonly #tell: (reply: IsolatedReply) => void;
  readonly #running: Running;
  #failed: ErrorPayload | null = null;

  constructor({ rank, worker, gpus, executor }: ProgramStart, tell: (reply: IsolatedReply) => void) {
    freezeApps("run()");
    setIsolated();
    this.#tell = tell;
    const none = { batch: 0, seed: 0n, isTask: null, scope: null };
    this.#running = { cell: new Float64Array([-1]), rank, worker, ...none, ...plain(gpus, executor) };
    setRunning(this.#running);
    process.on("unhandledRejection", (reason) => {
      const { name, message } = payloadOfThrown(reason);
      const text = `a promise was rejected and not handled: ${name}: ${message}`;
      this.#failed ??= payloadOf("ERR_TASK_REJECTED", text, "await every promise, or handle its rejection", {
        cause: reason,
      });
    });
  }

  async run(task: IsolatedTask): Promise<void> {
    const { app, args, index, batch, seed, cores, gpus } = task;
    Object.assign(this.#running, { batch, seed, cores, gpus });
    this.#running.cell[0] = index;
    forgetContext();
    this.#failed = null;
    // Its environment is its own, unlike that of a thread.
    const own = gpus.length === 0 ? {} : { CUDA_VISIBLE_DEVICES: gpus.join(",") };
    Object.assign(process.env, { HEDDLE_TASK: String(index), ...own });
    this.#tell({ kind: "begun" });
    const reply = await this.#outcome(app, args);
    this.#running.cell[0] = -1;
    this.#tell(reply);
  }

  async #outcome(name: string, args: readonly unknown[]): Promise<IsolatedReply> {
    try {
      const value = await call(findApp(name), name, args);
      const odd = findUnencodable(value, true);
      if (odd !== null) return { kind: "failed", error: unencodable(odd) };
      await new Promise((resolve) => setImmediate(resolve)); // Node.js tells of rejections at the end of a turn.
      return this.#failed === null ? { kind: "done", value } : { kind: "failed", error: this.#failed };
    } catch (error) {
      return { kind: "failed", error: payloadOfThrown(error) };
    }
  }
}

function call(app: AppDefinition | undefined, name: string, args: readonly unknown[]): unknown {
  if (app?.native) return callNative(app, app.native, args);
  if (app?.fn) return (app.fn as (...args: readonly unknown[]) => unknown)(...args);
  throw new Error(`the process for isolated tasks knows no app "${name}"`);
}

function callNative(app: AppDefinition, native: NativeFunction, args: readonly unknown[]): unknown {
  const packed = packArguments(app, native, args);
  const { bits, bytes, error } = loadBinding().callNative(nativeEntry(app, native), packed, app.returns === null);
  if (error !== null) throw new PayloadError(decodeError(error));
  return app.returns === null ? decode(bytes as Uint8Array) : numberOf(app.returns, bits);
}

/** Found here, since arguments of a JS worker's tasks may be anything. */
function packArguments(app: AppDefinition, native: NativeFunction, args: readonly unknown[]): Uint8Array {
  try {
    return packNative(app.name, native.layout, args);
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    throw new PayloadError(payloadOf(error.code, headline(error), error.hint));
  }
}

/** Of the 8 bytes that a C function gave: an f64, or an integer. */
function numberOf(element: ElementType, bits: bigint): number | bigint {
  if (element === "i64") return BigInt.asIntN(64, bits);
  if (element === "u64") return BigInt.asUintN(64, bits);
  if (element === "f64" || element === "f32") return new Float64Array(BigUint64Array.of(bits).buffer)[0] as number;
  return Number(element === "i32" ? BigInt.asIntN(32, bits) : BigInt.asUintN(element === "u8" ? 8 : 32, bits));
}
