/** How tasks fail that have thrown nothing. */

import type { ElementType } from "../native/binding.ts";
import { type ErrorPayload, payloadOf } from "../serialize/errors.ts";
import { shorten } from "../serialize/values.ts";

export const hints = {
  rejected: "await every promise in the app, or catch it",
  unknown: "define the app at the top level of the program, not inside a condition or a function",
};

/** Its result is of another type than its app returns. */
export function misfit(element: ElementType, value: unknown): ErrorPayload {
  const hint = "return such a number, or drop `returns`";
  return payloadOf("ERR_RESULT_TYPE", `the result ${shorten(value)} is no ${element}`, hint);
}

/** It would wait for ever. */
export function unsettled(): ErrorPayload {
  return payloadOf(
    "ERR_TASK_UNSETTLED",
    "the task awaits a promise that nothing can settle any more: its worker has no timer, request or other work left",
    "look for a callback that is never called, or a `resolve` that is lost; a `walltime` limits all other waiting",
  );
}
