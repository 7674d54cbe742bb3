/** What can become of a call, and what can follow what. */

/**
 * State of a call.
 *
 * - `unscheduled`: made in this turn of the event loop, not sent yet; or about to be tried again.
 * - `pending`: waits for its inputs.
 * - `launched`: sent to the executor: it waits for a worker, or began a moment ago.
 * - `running`: a worker has been at it for 0.1 s or more. A program hears of it within some tenths of a second; of shorter tasks it never does.
 * - `joining`: of a joinApp: its function, or a future that it returned, has not ended.
 * - `done`; `memo-done`: the result is of an equal call, now or before.
 * - `failed`; `dependency-failed`: an input failed, so it never ran; `cancelled`: by cancel(), or an input was.
 */
export type FutureState =
  | "unscheduled"
  | "pending"
  | "launched"
  | "running"
  | "joining"
  | "done"
  | "memo-done"
  | "failed"
  | "dependency-failed"
  | "cancelled";

/** The one table of transitions. What ends a call has no successor. */
export const transitions: Readonly<Record<FutureState, readonly FutureState[]>> = {
  unscheduled: ["pending", "launched", "joining", "memo-done", "done", "failed", "cancelled"],
  pending: ["unscheduled", "launched", "joining", "memo-done", "done", "failed", "dependency-failed", "cancelled"],
  launched: ["unscheduled", "running", "done", "failed", "cancelled"],
  running: ["unscheduled", "done", "failed", "cancelled"],
  joining: ["done", "failed", "dependency-failed", "cancelled"],
  done: [],
  "memo-done": [],
  failed: [],
  "dependency-failed": [],
  cancelled: [],
};

export const STATES: readonly FutureState[] = Object.keys(transitions) as FutureState[];

/** Calls by state. */
export type StateCounts = Record<FutureState, number>;

export function noCounts(): StateCounts {
  return Object.fromEntries(STATES.map((state) => [state, 0])) as StateCounts;
}

export function isOver(state: FutureState): boolean {
  return transitions[state].length === 0;
}
