/** Payloads of failed tasks as the errors that the program sees. */

import {
  CommandError,
  type ErrorCode,
  errorDocs,
  HeddleError,
  headline,
  reasons,
  TaskError,
  type TaskPlace,
} from "../errors.ts";
import { decodeError, type ErrorPayload, PayloadError, payloadOf, reviveError } from "../serialize/errors.ts";
import { shortenArguments } from "../serialize/values.ts";

/** The error of a call that was not sent. `args`: null where they are no longer known. */
export function errorOfCall(error: unknown, app: string, index: number, args: readonly unknown[] | null): HeddleError {
  if (error instanceof HeddleError) return error;
  if (error instanceof PayloadError) {
    return taskErrorOf(error.payload, { app, index, arguments: args === null ? null : shortenArguments(args) });
  }
  const message = `App "${app}": call ${index} could not be sent: ${headline(error)}.`;
  return new HeddleError("ERR_INTERNAL", message, errorDocs.ERR_INTERNAL.fix, { cause: error });
}

const PATHS_SHOWN = 5;

/** A task ended well on rank `rank`, but nothing is at `paths`, which it was to write to. */
export function missingOutputs(paths: readonly string[], rank: number): ErrorPayload {
  const more = paths.length - PATHS_SHOWN;
  const shown = `${paths.slice(0, PATHS_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const are = paths.length === 1 ? "is" : "are";
  const hint =
    "let the task write to the paths that it is given (a relative output begins at the program's folder), or take them off its outputs";
  return payloadOf("ERR_OUTPUT_MISSING", `${shown}, which ${are} among its outputs, ${are} not there after it`, hint, {
    data: { rank, missing: [...paths] },
  });
}

/** Makes the error of a task. `place` says what the submitter knows of it. */
export function taskError(bytes: Uint8Array, place: Omit<TaskPlace, "rank">): HeddleError {
  return taskErrorOf(decodeError(bytes), place);
}

export function taskErrorOf(payload: ErrorPayload, known: Omit<TaskPlace, "rank">): HeddleError {
  const data = payload.data ?? {};
  const rank = typeof data["rank"] === "number" ? data["rank"] : null;
  const place: TaskPlace = { ...known, rank };
  const call = callText(place);
  if (payload.stack === null && "command" in data) return commandError(payload, place, call);
  if (isThrown(payload)) {
    const cause = reviveError(payload);
    return new TaskError(
      payload.code === "ERR_TASK_THREW_NON_ERROR" ? payload.code : "ERR_TASK_FAILED",
      payload.code === "ERR_TASK_THREW_NON_ERROR"
        ? `${call}: ${payload.message}.`
        : `${call}: ${payload.name}: ${payload.message}${reasons(cause)}`,
      payload.code === "ERR_TASK_THREW_NON_ERROR" ? payload.hint : null,
      place,
      { cause: payload.code === "ERR_TASK_THREW_NON_ERROR" ? undefined : cause, remoteStack: payload.stack, data },
    );
  }
  const cause = payload.cause === null ? undefined : reviveError(payload.cause);
  const remoteStack = payload.cause?.stack ?? payload.stack;
  return new TaskError(payload.code as ErrorCode, `${call}: ${payload.message}.`, payload.hint, place, {
    cause,
    remoteStack,
    data,
  });
}

// What a task threw may carry a `code` of its own (ENOENT); only Heddle's own, without a stack, speak of the task.
function isThrown(payload: ErrorPayload): boolean {
  if (payload.code === "ERR_TASK_THREW_NON_ERROR") return true;
  return payload.stack !== null || payload.code === null || !(payload.code in errorDocs);
}

function commandError(payload: ErrorPayload, place: TaskPlace, call: string): CommandError {
  const { exitCode, signal, stderr, command } = payload.data ?? {};
  const end = {
    exitCode: typeof exitCode === "number" ? exitCode : null,
    signal:
      typeof signal === "string" ? signal : typeof signal === "number" && signal !== 0 ? `signal ${signal}` : null,
    stderr: typeof stderr === "string" ? stderr : "",
    command: typeof command === "string" ? command : "",
  };
  const last = end.stderr.trimEnd().split("\n").slice(-5).join("\n    ");
  const tail = last === "" ? "" : `\n  stderr: ${last}`;
  const code = (payload.code ?? "ERR_COMMAND_FAILED") as ErrorCode;
  return new CommandError(code, `${call}: ${payload.message}.${tail}`, payload.hint, place, end, {
    data: payload.data ?? {},
  });
}

function callText(place: TaskPlace): string {
  const where = place.rank === null ? "" : ` on rank ${place.rank}`;
  return place.arguments === null ? `${place.app} #${place.index}${where}` : `${place.app}(${place.arguments})${where}`;
}

/** The error of a fabric that ended. */
export function errorOfFatal(fatal: { code: string; message: string }): HeddleError {
  const code = fatal.code as ErrorCode;
  return new HeddleError(code, fatal.message, errorDocs[code]?.fix ?? null);
}
