/** The Transfer API of Globus (https://docs.globus.org/api/transfer/), as much of it as files need. */

import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../errors.ts";
import { fileError } from "./errors.ts";
import { type GlobusLogin, sessionOptions } from "./globus-login.ts";
import type { Connections } from "./globus-settings.ts";
import { retryAfter } from "./over-http.ts";

/** A file in a collection. */
export interface Place {
  readonly collection: string;
  readonly path: string;
}

/** What the API says of a file. */
export interface Stat {
  type: string;
  size: number | null;
  last_modified: string | null;
}

/** And of a transfer. */
export interface Task {
  status: "ACTIVE" | "INACTIVE" | "SUCCEEDED" | "FAILED";
  /** "OK", "Queued", null, or what holds it up just now: PERMISSION_DENIED, CONNECT_FAILED ... */
  nice_status: string | null;
  nice_status_short_description?: string | null;
  bytes_transferred?: number;
  is_paused?: boolean;
  fatal_error?: { code: string; description: string } | null;
}

export interface Event {
  code: string;
  is_error: boolean;
  description: string;
  details: string;
}

interface Authorization {
  session_message?: string;
  required_scopes?: string[];
  [session: string]: unknown;
}

interface Problem {
  code?: string;
  message?: string;
  required_scopes?: string[];
  authorization_parameters?: Authorization;
}

export interface Submission {
  readonly from: Place;
  readonly to: Place;
  /** Before the first repeat; doubled for each. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

const SUBMISSIONS = 4; // Attempts at one; the service takes the first, and tells the others so.

/** Errors name `url`, the file that is wanted. */
export class TransferApi {
  readonly #base: string;
  readonly #login: GlobusLogin;
  readonly #connections: Connections;

  constructor(base: string, login: GlobusLogin, connections: Connections) {
    this.#base = base;
    this.#login = login;
    this.#connections = connections;
  }

  stat(url: URL, { collection, path }: Place, signal: AbortSignal): Promise<Stat> {
    const query = new URLSearchParams({ path });
    return this.#ask<Stat>(url, `/operation/endpoint/${collection}/stat?${query}`, { signal });
  }

  /** An id for a transfer that is to be: however often it is submitted with it, it begins once. */
  async submissionId(url: URL, signal: AbortSignal): Promise<string> {
    return (await this.#ask<{ value: string }>(url, "/submission_id", { signal })).value;
  }

  /** Begins a transfer of one file, with an id of `submissionId`. Asks again, later and later, where there is no answer. Returns the task's id. */
  async submit(url: URL, submission: string, { from, to, pauseMs, signal }: Submission): Promise<string> {
    const document = {
      DATA_TYPE: "transfer",
      submission_id: submission,
      label: "Heddle",
      source_endpoint: from.collection,
      destination_endpoint: to.collection,
      verify_checksum: true,
      fail_on_quota_errors: true,
      notify_on_succeeded: false,
      notify_on_failed: false,
      notify_on_inactive: false,
      DATA: [{ DATA_TYPE: "transfer_item", source_path: from.path, destination_path: to.path }],
    };
    for (let attempt = 1; ; attempt++) {
      try {
        const options = { method: "POST", body: JSON.stringify(document), signal };
        return (await this.#ask<{ task_id: string }>(url, "/transfer", options)).task_id;
      } catch (error) {
        if (error instanceof HeddleError || signal.aborted || attempt === SUBMISSIONS) throw error;
        const { retryAfterMs = 0 } = error as { retryAfterMs?: number };
        await sleep(Math.max(retryAfterMs, pauseMs * 2 ** attempt * (0.5 + Math.random())), undefined, { signal });
      }
    }
  }

  task(url: URL, id: string, signal: AbortSignal): Promise<Task> {
    return this.#ask<Task>(url, `/task/${id}`, { signal });
  }

  /** The last ones first. */
  async events(url: URL, id: string, signal: AbortSignal): Promise<Event[]> {
    return (await this.#ask<{ DATA: Event[] }>(url, `/task/${id}/event_list?limit=10`, { signal })).DATA;
  }

  async cancel(url: URL, id: string, signal: AbortSignal): Promise<void> {
    await this.#ask(url, `/task/${id}/cancel`, { method: "POST", signal });
  }

  async #ask<T>(url: URL, path: string, options: { method?: string; body?: string; signal: AbortSignal }): Promise<T> {
    let token = await this.#login.token();
    for (let renewed = false; ; renewed = true) {
      const headers = { authorization: `Bearer ${token}`, ...(options.body && { "content-type": "application/json" }) };
      const response = await this.#connections.fetch(this.#base + path, { ...options, headers });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as T;
      const problem = parsed(text);
      const again = response.status === 401 || this.#login.consents(scopesOf(problem));
      if (!again || renewed) throw problemOf(url, response, problem);
      token = await this.#login.token(token);
    }
  }
}

/** What an answer means for the file. */
function problemOf(url: URL, { status, statusText, headers }: Response, problem: Problem): Error {
  const said = `${problem.message ?? statusText} (${problem.code ?? `HTTP ${status}`})`;
  const scopes = scopesOf(problem);
  if (scopes.length > 0) return consentError(url, scopes, said);
  if (problem.authorization_parameters !== undefined) return sessionError(url, problem.authorization_parameters, said);
  if (status === 401) {
    return fileError("ERR_GLOBUS_LOGIN", url, `is refused: ${said}`, "run `heddle login globus`");
  }
  if (status === 403) {
    const hint = "the identity that is logged in needs the right to this path of the collection";
    return fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${said}`, hint);
  }
  if (status === 404) {
    const hint = "check the UUID of the collection, and the path in it";
    return fileError("ERR_FILE_NOT_FOUND", url, `is not there: ${said}`, hint);
  }
  if (status < 500 && ![408, 425, 429].includes(status)) {
    return fileError("ERR_FILE_REFUSED", url, `is refused: ${said}`, "look at what the service wants");
  }
  return Object.assign(new Error(`Globus: ${said}`), { retryAfterMs: retryAfter(headers.get("retry-after")) });
}

function consentError(url: URL, scopes: readonly string[], said: string): HeddleError {
  const ids = [...scopes.join(" ").matchAll(/scopes\/([0-9a-f-]{36})\/data_access/g)].map((match) => match[1]);
  const collections = [...new Set(ids)].map((id) => ` --collection ${id}`).join("");
  const what = `wants a consent of who is logged in: ${said}`;
  return fileError("ERR_GLOBUS_CONSENT", url, what, `run \`heddle login globus${collections}\``);
}

/** It wants who logged in to have done so as somebody, or in some way. */
function sessionError(url: URL, wanted: Authorization, said: string): HeddleError {
  const words = Object.entries(sessionOptions).flatMap(([option, name]) => {
    const values = wanted[name];
    return Array.isArray(values) ? values.map((value) => ` --${option} ${value}`) : [];
  });
  const what = `wants another login: ${wanted.session_message ?? said}`;
  return fileError("ERR_GLOBUS_LOGIN", url, what, `run \`heddle login globus${words.join("")}\``);
}

function scopesOf({ required_scopes: scopes, authorization_parameters: wanted }: Problem): readonly string[] {
  return scopes ?? wanted?.required_scopes ?? [];
}

function parsed(text: string): Problem {
  try {
    return (JSON.parse(text) ?? {}) as Problem;
  } catch {
    return {};
  }
}
