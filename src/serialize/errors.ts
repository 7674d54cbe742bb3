/**
 * Errors as bytes: what a task threw crosses ranks as a msgpack map with class name, message, stack, code, cause, and what else it has.
 */

import type { ErrorCode, HeddleError } from "../errors.ts";
import { decode, encode, extendAs } from "./codec.ts";
import { FieldBudget, setFields } from "./error-fields.ts";
import { findUnencodable, shorten } from "./values.ts";

/** The map. Native code writes the same for commands and lost workers. */
export interface ErrorPayload {
  name: string;
  message: string;
  code: string | null;
  hint: string | null;
  stack: string | null;
  cause: ErrorPayload | null;
  data: Record<string, unknown> | null;
  /** Its other properties, such as `status`. */
  fields?: Record<string, unknown>;
  /** Of an AggregateError: those that it gathers. */
  errors?: ErrorPayload[];
}

const CAUSES_MAX = 8; // A longer chain, or one that bites its tail, is cut.
const STACK_MAX = 8_192; // Characters; a runaway recursion must not fill the wire.

/** Makes the payload of a failure with a code of Heddle's own. */
export function payloadOf(
  code: ErrorCode,
  message: string,
  hint: string | null,
  more: { cause?: unknown; data?: Record<string, unknown>; name?: string } = {},
): ErrorPayload {
  const cause = more.cause === undefined ? null : payloadOfThrown(more.cause);
  return { name: more.name ?? "TaskError", message, code, hint, stack: null, cause, data: more.data ?? null };
}

/** Thrown where an error comes from elsewhere and is to go on as it is. */
export class PayloadError extends Error {
  readonly payload: ErrorPayload;

  constructor(payload: ErrorPayload) {
    super(payload.message);
    this.payload = payload;
  }
}

/** Makes the payload of anything that was thrown. */
export function payloadOfThrown(thrown: unknown, depth = 0, budget: FieldBudget = new FieldBudget()): ErrorPayload {
  if (thrown instanceof PayloadError) return thrown.payload;
  if (!isErrorLike(thrown)) {
    const message = `threw ${shorten(thrown)}, which is not an Error`;
    return {
      name: typeof thrown,
      message,
      code: "ERR_TASK_THREW_NON_ERROR",
      hint: "throw an Error: it carries a stack",
      stack: null,
      cause: null,
      data: { value: encodable(thrown) },
    };
  }
  const { code, hint, data } = thrown as Partial<HeddleError>;
  const { cause } = thrown as { cause?: unknown };
  const within = (one: unknown): ErrorPayload => payloadOfThrown(one, depth + 1, budget);
  const payload: ErrorPayload = {
    name: className(thrown),
    message: String(thrown.message),
    code: typeof code === "string" ? code : null,
    hint: typeof hint === "string" ? hint : null,
    stack: typeof thrown.stack === "string" ? thrown.stack.slice(0, STACK_MAX) : null,
    cause: cause === undefined || cause === null || depth >= CAUSES_MAX ? null : within(cause),
    data: typeof data === "object" && data !== null ? (encodable(data) as Record<string, unknown>) : null,
  };
  const gathered = depth < CAUSES_MAX && isAggregate(thrown) ? budget.some(thrown.errors) : null;
  if (gathered !== null) payload.errors = gathered.map(within);
  const told = (["code", "hint", "data"] as const).filter((name) => payload[name] !== null);
  const fields = budget.fieldsOf(thrown, told, gathered?.length);
  if (fields !== null) payload.fields = fields;
  return payload;
}

function isAggregate(thrown: Error): thrown is AggregateError {
  return thrown.name === "AggregateError" && Array.isArray((thrown as { errors?: unknown }).errors);
}

/** Bytes of a payload. */
export function encodeError(payload: ErrorPayload): Uint8Array {
  return encode(payload);
}

/** The payload in `bytes`; fields that are missing are `null`. */
export function decodeError(bytes: Uint8Array): ErrorPayload {
  const raw = decode(bytes) as Partial<ErrorPayload> & Record<string, unknown>;
  const { name, message, code, hint, stack, cause, data, fields, errors, ...rest } = raw;
  return {
    name: name ?? "Error",
    message: message ?? "",
    code: code ?? null,
    hint: hint ?? null,
    stack: stack ?? null,
    cause: cause ?? null,
    data: Object.keys(rest).length > 0 ? { ...rest, ...data } : (data ?? null),
    ...(fields === undefined ? {} : { fields }),
    ...(errors === undefined ? {} : { errors }),
  };
}

const BUILT_IN: Record<string, ErrorConstructor> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Rebuilds what was thrown: a built-in class is itself again, another keeps its name. */
export function reviveError(payload: ErrorPayload): Error {
  const error = bare(payload);
  if (payload.name !== error.name) define(error, "name", payload.name);
  define(error, "stack", payload.stack ?? `${payload.name}: ${payload.message}`);
  if (payload.code !== null) Object.assign(error, { code: payload.code });
  const { rank: _rank, worker: _worker, ...data } = payload.data ?? {}; // Those belong to the task, not to the error.
  if (Object.keys(data).length > 0) Object.assign(error, { data });
  if (payload.cause !== null) define(error, "cause", reviveThrown(payload.cause));
  if (payload.fields !== undefined) setFields(error, payload.fields);
  return error;
}

function bare({ name, message, errors }: ErrorPayload): Error {
  if (errors !== undefined) return new AggregateError(errors.map(reviveThrown), message);
  const Class = BUILT_IN[name] ?? Error;
  return new Class(message);
}

// Inside of an error may stand what is none: a text that a promise was rejected with.
function reviveThrown(payload: ErrorPayload): unknown {
  const isError = payload.code !== "ERR_TASK_THREW_NON_ERROR" || payload.stack !== null;
  return isError ? reviveError(payload) : payload.data?.["value"];
}

const ERROR_TAG = 0x45;
extendAs(
  Error,
  ERROR_TAG,
  (error) => payloadOfThrown(error),
  (written) => reviveError(written as ErrorPayload),
);

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false });
}

// `instanceof` alone would miss errors of another realm, such as those made by `node:vm`.
function isErrorLike(thrown: unknown): thrown is Error {
  if (thrown instanceof Error) return true;
  return typeof thrown === "object" && thrown !== null && Object.prototype.toString.call(thrown) === "[object Error]";
}

function className(error: Error): string {
  const own = typeof error.name === "string" && error.name !== "Error" ? error.name : null;
  return own ?? error.constructor?.name ?? "Error";
}

function encodable(value: unknown): unknown {
  return findUnencodable(value) === null ? value : shorten(value);
}
