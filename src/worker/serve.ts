/** The loop of a JS worker: takes chunks while there are any, and sees its event loop often enough. */

import { headline } from "../errors.ts";
import { loadBinding } from "../native/load.ts";
import { Next } from "../native/port.ts";
import { findApp, freezeApps } from "../serialize/registry.ts";
import { plain, type Running, setRunning } from "./context.ts";
import "./fold.ts"; // Every worker must know the app that combines results.
import { IsolatedProcess } from "./isolated-process.ts";
import { nestedLoader, TaskScope } from "./nested.ts";
import type { WorkerStart } from "./protocol.ts";
import { RejectionWatch } from "./rejections.ts";
import { TaskRunner } from "./runner.ts";

const WAIT_MS = 50; // A thread inside native code hears nothing from Node; so never longer than this.
const WAIT_ASIDE_MS = 10; // What tasks that were set aside wait for may be timers and sockets: then shorter, and at first much.

/** Joins the session and serves until it is closed. */
export async function serve(start: WorkerStart): Promise<void> {
  freezeApps("run()");
  const { sessionId, rank, worker, gpus, executor } = start;
  const openNested = await nestedLoader()?.();
  const port = loadBinding().attach(sessionId, worker);
  const scope = openNested === undefined ? null : new TaskScope();
  const running: Running = {
    cell: port.current,
    batch: 0,
    seed: 0n,
    rank,
    worker,
    ...plain(gpus, executor),
    isTask: null,
    scope,
  };
  setRunning(running);
  const calls = scope === null ? undefined : openNested?.({ sessionId, worker, executor, scope });
  const watch = new RejectionWatch(port.current, scope);
  const nested = calls === undefined ? null : { port, calls };
  const isolated = new IsolatedProcess(start.isolated, start);
  const runner = new TaskRunner({ port, running, findApp, isolated, watch, aside: nested });
  process.on("unhandledRejection", (reason, promise) => {
    if (runner.rejected(reason, promise)) return;
    // Its task was reported long ago; the worker need not die for it.
    process.stderr.write(`heddle: a promise of a task that had ended was rejected: ${headline(reason)}\n`);
  });
  process.on("beforeExit", () => runner.giveUp());
  for (let quiet = 0; ; quiet++) {
    const aside = scope?.ending ? 0 : Math.min(WAIT_ASIDE_MS, 1 + quiet / 10);
    const what = port.next(runner.setAside > 0 ? aside : WAIT_MS);
    if (what === Next.closed) return;
    if (what === Next.none) {
      calls?.drain();
      await runner.yield();
      continue;
    }
    quiet = 0;
    const pending = runner.run();
    if (pending !== undefined) await pending;
    if (runner.setAside > 0) calls?.drain();
    // What waits for tasks of its own goes on in the event loop.
    if (runner.mustYield || runner.setAside > 0) await runner.yield();
  }
}
