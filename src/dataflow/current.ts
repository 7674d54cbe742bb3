/** The engine of this process, where apps find it. */

import { HeddleError } from "../errors.ts";
import { context, insideTask, type TaskContext } from "../worker/context.ts";
import { isIsolated } from "../worker/hook.ts";
import type { Kernel } from "./kernel.ts";

interface Current {
  kernel: Kernel | null;
  closed: boolean;
  /** Takes the calls of a task; null: tasks cannot call here. */
  nested: ((context: () => TaskContext) => Kernel) | null;
}

const KEY = Symbol.for("heddle.current");
const holder = globalThis as unknown as Record<symbol, Current | undefined>;

function current(): Current {
  holder[KEY] ??= { kernel: null, closed: false, nested: null };
  return holder[KEY];
}

/** @internal */
export function setKernel(kernel: Kernel | null): void {
  const state = current();
  state.closed = kernel === null && state.kernel !== null;
  state.kernel = kernel;
}

/** @internal In a JS worker: where the calls of its tasks go. */
export function setNested(nested: (context: () => TaskContext) => Kernel): void {
  current().nested = nested;
}

export function hasKernel(): boolean {
  return current().kernel !== null;
}

/** The kernel that takes calls of `app`. Throws ERR_NESTED_CALL, ERR_CLOSED or ERR_NOT_STARTED. */
export function kernelFor(app: string): Kernel {
  const { kernel, closed, nested } = current();
  if (insideTask()) {
    if (nested !== null) return nested(context);
    throw isIsolated()
      ? new HeddleError(
          "ERR_NESTED_CALL",
          `A task in a process of its own called app "${app}".`,
          'call the plain function, or leave `isolation: "process"` to the apps that need it and call those',
        )
      : new HeddleError(
          "ERR_NESTED_CALL",
          `A task called app "${app}", and the inline executor runs one task after the other.`,
          "run it on threads (one worker: HEDDLE_WORKERS=1), or call the plain function",
        );
  }
  if (kernel !== null) return kernel;
  if (closed) throw new HeddleError("ERR_CLOSED", `App "${app}" was called after close().`, "call it before close()");
  throw new HeddleError(
    "ERR_NOT_STARTED",
    `App "${app}" was called before run() or start().`,
    "call it inside the body of run(), or after `await start(...)`",
  );
}
