/** A transfer from collection to collection, from its submission to its end. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ErrorCode } from "../error-codes.ts";
import { HeddleError, headline } from "../errors.ts";
import { Stalled } from "./ending.ts";
import { fileError, isFinal } from "./errors.ts";
import type { Place, Task, TransferApi } from "./globus-api.ts";
import type { Errand } from "./globus-errands.ts";

const PAUSE_MS_MAX = 15_000;
const ANSWER_MS = 10_000; // What an answer may take.
const LAST_WORDS_MS = 4_000; // For a cancellation, and the reason of a failure.

export interface Move {
  readonly api: TransferApi;
  readonly pollMs: number;
  /** As errors name it. */
  readonly url: URL;
  readonly from: Place;
  readonly to: Place;
  /** Told, while it moves or waits its turn, that it does not stall before so many milliseconds. */
  alive(ms: number): void;
  readonly signal: AbortSignal;
}

/** What the service goes on trying for days, and what only a person can change. */
const HOPELESS: Readonly<Record<string, [code: ErrorCode, hint: string]>> = {
  FILE_NOT_FOUND: ["ERR_FILE_NOT_FOUND", "check the path; in the local collection it is that of HEDDLE_GLOBUS_PATH"],
  PERMISSION_DENIED: ["ERR_FILE_CREDENTIALS", "the identity that is logged in needs the right to both paths"],
  NO_SPACE_LEFT: ["ERR_FILE_SPACE", "make room there"],
  QUOTA_EXCEEDED: ["ERR_FILE_SPACE", "make room there, or ask for a larger quota"],
  IS_A_DIRECTORY: ["ERR_FILE_REFUSED", "name a file"],
  INVALID_PATH_NAME: ["ERR_FILE_REFUSED", "name it otherwise"],
};

/** Resolves when the file is there. A transfer that is given up is cancelled. */
export async function transfer(move: Move, errand: Errand): Promise<void> {
  const id = await submitted(move, errand);
  move.alive(0); // From now on it may stall.
  try {
    await ended(move, id);
  } catch (error) {
    await cancel(move, id);
    throw error;
  }
}

/** It may have ended by itself; and nothing can be done when it cannot be cancelled. */
async function cancel({ api, url }: Move, id: string): Promise<void> {
  await api.cancel(url, id, AbortSignal.timeout(LAST_WORDS_MS)).catch(() => {});
}

async function submitted(move: Move, errand: Errand): Promise<string> {
  const { api, url, from, to, pollMs: pauseMs, signal } = move;
  errand.submission ??= await api.submissionId(url, signal);
  const { submission } = errand;
  try {
    const id = await api.submit(url, submission, { from, to, pauseMs, signal });
    errand.submission = null;
    return id;
  } catch (error) {
    const unwanted = signal.aborted && !(signal.reason instanceof Stalled);
    if (error instanceof HeddleError || unwanted) errand.submission = null; // An answer; or no attempt follows.
    if (unwanted) {
      // It may have begun: to ask again tells its id.
      const last = AbortSignal.timeout(LAST_WORDS_MS);
      await api.submit(url, submission, { from, to, pauseMs, signal: last }).then(
        (id) => cancel(move, id),
        () => {},
      );
    }
    throw error;
  }
}

async function ended(move: Move, id: string): Promise<void> {
  const { api, url, signal, alive } = move;
  let bytes = 0;
  let last = "no answer";
  for (let pause = move.pollMs; ; pause = Math.min(PAUSE_MS_MAX, pause * 1.5)) {
    try {
      await sleep(pause, undefined, { signal });
      const task = await api.task(url, id, signal);
      if (task.status === "SUCCEEDED") return;
      await checkTask(move, id, task);
      last = task.nice_status ?? "OK";
      if (isMoving(task) || (task.bytes_transferred ?? 0) > bytes) alive(2 * pause + ANSWER_MS);
      bytes = task.bytes_transferred ?? 0;
    } catch (error) {
      if (signal.aborted) {
        const hint = `look at https://app.globus.org/activity/${id}`;
        throw fileError("ERR_FILE_TRANSFER", url, `does not move; the last word of Globus: ${last}`, hint, error);
      }
      if (isFinal(error)) throw error;
      last = headline(error); // Of the network; the transfer goes on.
    }
  }
}

/** It waits for nothing that is wrong. */
function isMoving({ nice_status: state, is_paused: paused }: Task): boolean {
  return paused === true || state === null || state === "OK" || state === "Queued";
}

async function checkTask(move: Move, id: string, task: Task): Promise<void> {
  const { status, nice_status: state, fatal_error: fatal } = task;
  if (status === "INACTIVE") {
    const hint = "log in to the collection at https://app.globus.org, or run `heddle login globus`";
    throw fileError("ERR_GLOBUS_LOGIN", move.url, `waits (transfer ${id}): a login has ended`, hint);
  }
  const reason = status === "FAILED" ? (fatal?.code ?? "UNKNOWN") : state;
  if (reason === null || (status === "ACTIVE" && !Object.hasOwn(HOPELESS, reason))) return;
  const said = await reasonOf(move, id, fatal?.description ?? task.nice_status_short_description ?? reason);
  const hopeless = HOPELESS[reason];
  const hint = hopeless?.[1] ?? `look at https://app.globus.org/activity/${id}`;
  const what = `was not transferred (transfer ${id}): ${reason}, ${said}`;
  throw fileError(hopeless?.[0] ?? "ERR_GLOBUS_TASK", move.url, what, hint);
}

/** What the last error of the transfer said: which server, which path. */
async function reasonOf({ api, url }: Move, id: string, otherwise: string): Promise<string> {
  try {
    const events = await api.events(url, id, AbortSignal.timeout(LAST_WORDS_MS));
    const event = events.find((each) => each.is_error);
    const details = event?.details
      .trim()
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean)
      .join("; ");
    return details ? `${otherwise}: ${details}` : otherwise;
  } catch {
    return otherwise;
  }
}
