/**
 * The error classes. Each error says what happened with its values, has a stable code, and a hint what to do next.
 */

import type { ErrorCode } from "./error-codes.ts";

export type { ErrorCode } from "./error-codes.ts";
export { type ErrorDoc, errorDocs } from "./error-docs.ts";

export interface ErrorDetails {
  cause?: unknown;
  data?: Record<string, unknown>;
}

/** The base of all errors that Heddle makes. */
export class HeddleError extends Error {
  /** Stable: one of the codes in docs/ERRORS.md. */
  readonly code: ErrorCode;
  /** What to do next, or `null`. The message ends with it. */
  readonly hint: string | null;
  /** Plain values that belong to the error. */
  readonly data: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, hint: string | null = null, details: ErrorDetails = {}) {
    super(
      hint === null ? message : `${message}\n  fix: ${hint}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.hint = hint;
    this.data = details.data ?? {};
    this.name = new.target.name;
  }
}

/** Which task an error belongs to. */
export interface TaskPlace {
  app: string;
  /** Index of the task in its batch; for a call, its number among the calls of the app. */
  index: number;
  /** Rank that ran it; `null` when it never ran. */
  rank: number | null;
  /** Its arguments, shortened; `null` when they are no longer known. */
  arguments: string | null;
}

/** A task failed. `cause` is what its function threw, with the stack of the place where it was thrown. */
export class TaskError extends HeddleError {
  readonly app: string;
  readonly index: number;
  readonly rank: number | null;
  readonly arguments: string | null;
  readonly #remoteStack: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    hint: string | null,
    place: TaskPlace,
    details: ErrorDetails & { remoteStack?: string | null } = {},
  ) {
    // Where the error is put together says nothing; where it was thrown is in `cause`. A million of them must be cheap.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(code, message, hint, details);
    Error.stackTraceLimit = limit;
    this.app = place.app;
    this.index = place.index;
    this.rank = place.rank;
    this.arguments = place.arguments;
    this.#remoteStack = details.remoteStack ?? null;
  }

  /** Stack of what was thrown, as text, from the rank that ran the task. */
  get remoteStack(): string | null {
    return this.#remoteStack;
  }
}

/** How a command ended. */
export interface CommandEnd {
  exitCode: number | null;
  /** Name of the signal that ended it, such as "SIGKILL". */
  signal: string | null;
  /** The last of what it wrote there. */
  stderr: string;
  /** The command as run, shortened. */
  command: string;
}

/** A command failed, did not start, or ran too long. */
export class CommandError extends TaskError {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly command: string;

  constructor(
    code: ErrorCode,
    message: string,
    hint: string | null,
    place: TaskPlace,
    end: CommandEnd,
    details: ErrorDetails = {},
  ) {
    super(code, message, hint, place, details);
    this.exitCode = end.exitCode;
    this.signal = end.signal;
    this.stderr = end.stderr;
    this.command = end.command;
  }
}

/** Tasks of a batch failed: `results` and `failures` hold everything by index. */
export class BatchError<T = unknown> extends HeddleError {
  /** Result k of task k; `undefined` (0 in a typed array) where the task failed. */
  readonly results: ArrayLike<T | undefined>;
  /** Index to error, in index order. */
  readonly failures: ReadonlyMap<number, HeddleError>;

  constructor(
    app: string,
    tasks: number,
    results: ArrayLike<T | undefined>,
    failures: ReadonlyMap<number, HeddleError>,
  ) {
    const first = [...failures.entries()].reduce((a, b) => (b[0] < a[0] ? b : a));
    super(
      "ERR_BATCH_FAILED",
      `${failures.size} of ${tasks} tasks of app "${app}" failed; the first is task ${first[0]}: ${headline(first[1])}`,
      "look at `failures` (by index), or use .settled()",
      { cause: first[1], data: { app, tasks, failed: failures.size } },
    );
    this.results = results;
    this.failures = failures;
  }
}

/** The batch was cancelled before the task was done. */
export class CancelledError extends HeddleError {
  constructor(what: string, details: ErrorDetails = {}) {
    super("ERR_CANCELLED", `${what} was cancelled.`, null, details);
  }
}

/** An input of the task failed, so the task never ran. */
export class DependencyError extends TaskError {
  readonly #input: DependencyError | string;
  readonly #links: number;
  readonly #label: string | null;

  constructor(
    place: TaskPlace,
    input: string,
    cause: unknown,
    { joined, label }: { joined: boolean; label: string | null } = { joined: false, label: null },
  ) {
    const self = label ?? `${place.app}(#${place.index})`;
    const above = cause instanceof DependencyError ? cause : null;
    const origin = above === null ? cause : above.cause;
    const chain = [self, ...(above === null ? [input] : above.#shortChain())];
    super(
      "ERR_DEPENDENCY",
      `${self} ${joined ? "failed, because what it returned did" : "did not run, because an input failed"}: ${chain.join(" <- ")}: ${headline(origin)}`,
      null,
      place,
      { cause: origin, data: { chain } },
    );
    this.#label = label;
    this.#input = above ?? input;
    this.#links = above === null ? 1 : above.#links + 1;
  }

  /** From this task back to the one that failed. */
  get chain(): readonly string[] {
    const { names, rest } = this.#names(this.#links);
    return [...names, ...rest];
  }

  // A chain may be as long as a program, and each of its links has a message of its own: the near end of it.
  #shortChain(): string[] {
    const { names, rest } = this.#names(CHAIN_SHOWN);
    const left = this.#links - names.length;
    return left === 0 ? [...names, ...rest] : [...names, `(${left} more)`];
  }

  #names(most: number): { names: string[]; rest: string[] } {
    const names: string[] = [];
    let at: DependencyError | string = this;
    for (; typeof at !== "string" && names.length < most; at = at.#input)
      names.push(at.#label ?? `${at.app}(#${at.index})`);
    return { names, rest: typeof at === "string" ? [at] : [] };
  }
}

const CHAIN_SHOWN = 6;

/** First line of an error's message, with the class where it is not Heddle's own, and what it gathers. */
export function headline(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const line = error.message.split("\n", 1)[0] ?? "";
  return error instanceof HeddleError ? line : `${error.name}: ${line}${reasons(error)}`;
}

const REASONS_SHOWN = 3;

/** Of an AggregateError: the first of its errors, ready to stand behind its message; else nothing. */
export function reasons(error: Error): string {
  if (!(error instanceof AggregateError) || error.errors.length === 0) return "";
  const shown = error.errors.slice(0, REASONS_SHOWN).map(headline).join("; ");
  const more = error.errors.length - REASONS_SHOWN;
  return ` (${shown}${more > 0 ? `; and ${more} more` : ""})`;
}
