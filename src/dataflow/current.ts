/** The engine of this process, where apps find it. */

import { HeddleError } from "../errors.ts";
import { insideTask } from "../worker/context.ts";
import type { Kernel } from "./kernel.ts";

interface Current {
  kernel: Kernel | null;
  closed: boolean;
}

const KEY = Symbol.for("heddle.current");
const holder = globalThis as unknown as Record<symbol, Current | undefined>;

function current(): Current {
  holder[KEY] ??= { kernel: null, closed: false };
  return holder[KEY];
}

/** @internal */
export function setKernel(kernel: Kernel | null): void {
  const state = current();
  state.closed = kernel === null && state.kernel !== null;
  state.kernel = kernel;
}

export function hasKernel(): boolean {
  return current().kernel !== null;
}

/** The kernel that takes calls of `app`. Throws ERR_NESTED_CALL, ERR_CLOSED or ERR_NOT_STARTED. */
export function kernelFor(app: string): Kernel {
  if (insideTask()) {
    throw new HeddleError(
      "ERR_NESTED_CALL",
      `A task called app "${app}".`,
      "call the plain function, or return the data and call the app from the body of run()",
    );
  }
  const { kernel, closed } = current();
  if (kernel !== null) return kernel;
  if (closed) throw new HeddleError("ERR_CLOSED", `App "${app}" was called after close().`, "call it before close()");
  throw new HeddleError(
    "ERR_NOT_STARTED",
    `App "${app}" was called before run() or start().`,
    "call it inside the body of run(), or after `await start(...)`",
  );
}
