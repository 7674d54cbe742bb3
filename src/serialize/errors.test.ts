import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { HeddleError, headline } from "../errors.ts";
import { decode, encode } from "./codec.ts";
import { decodeError, encodeError, payloadOf, payloadOfThrown, reviveError } from "./errors.ts";

function cross(thrown: unknown): Error {
  return reviveError(decodeError(encodeError(payloadOfThrown(thrown))));
}

test("class, message, stack, code and cause of an error cross", () => {
  class ParseError extends Error {
    override name = "ParseError";
    readonly code = "E_PARSE";
  }
  const error = new ParseError("line 3", { cause: new RangeError("too long") });
  const back = cross(error);
  expect(back.name).toBe("ParseError");
  expect(back.message).toBe("line 3");
  expect(back.stack).toBe(error.stack);
  expect((back as unknown as { code: string }).code).toBe("E_PARSE");
  expect(back.cause).toBeInstanceOf(RangeError);
  expect((back.cause as Error).message).toBe("too long");
});

test("an error of a built-in class is of that class again", () => {
  expect(cross(new TypeError("t"))).toBeInstanceOf(TypeError);
});

test("a class without a name of its own is named after its constructor", () => {
  class Custom extends Error {}
  expect(cross(new Custom("c")).name).toBe("Custom");
});

test("what is thrown and is no error is shown in the message and kept", () => {
  const payload = payloadOfThrown({ reason: 5 });
  expect(payload.code).toBe("ERR_TASK_THREW_NON_ERROR");
  expect(payload.message).toBe("threw { reason: 5 }, which is not an Error");
  expect(payload.data).toEqual({ value: { reason: 5 } });
});

test("a thrown value that cannot be encoded still crosses", () => {
  const payload = decodeError(encodeError(payloadOfThrown({ call: () => 1 })));
  expect(payload.message).toContain("function call");
});

test("causes that bite their tail are cut", () => {
  const error = new Error("a") as Error & { cause: unknown };
  error.cause = error;
  let depth = 0;
  for (let back: unknown = cross(error); back instanceof Error; back = back.cause) depth++;
  expect(depth).toBeLessThan(20);
});

test("code, hint and data of Heddle's own errors cross", () => {
  const payload = payloadOfThrown(new HeddleError("ERR_CONFIG", "no", "do this", { data: { a: 1 } }));
  expect(payload).toMatchObject({ name: "HeddleError", code: "ERR_CONFIG", hint: "do this", data: { a: 1 } });
});

test("fields that native code adds at the top count as data", () => {
  const bytes = encodeError({ ...payloadOf("ERR_COMMAND_FAILED", "m", null), exitCode: 3 } as never);
  expect(decodeError(bytes).data).toEqual({ exitCode: 3 });
});

test("an error of the system keeps what it says of itself", () => {
  let error: unknown;
  try {
    readFileSync("/none/such");
  } catch (thrown) {
    error = thrown;
  }
  expect(cross(error)).toMatchObject({ errno: -2, syscall: "open", code: "ENOENT", path: "/none/such" });
});

test("properties of an error's class cross, in causes too; what cannot is named", () => {
  class HttpError extends Error {
    status = 503;
    details = { retryAfter: 7, seen: new Map([[1, new Date(5)]]) };
    code = 17; // Not one of Heddle's.
    call = (): number => 1;
    body = "x".repeat(70_000);
    get shown(): number {
      return 1;
    }
  }
  const back = cross(new Error("no plan", { cause: new HttpError("HTTP 503") })).cause as HttpError & {
    leftOut: string[];
  };
  expect(back).toMatchObject({ name: "HttpError", message: "HTTP 503", status: 503, code: 17 });
  expect(back.details).toStrictEqual({ retryAfter: 7, seen: new Map([[1, new Date(5)]]) });
  expect([back.call, back.body, back.shown]).toEqual([undefined, undefined, undefined]);
  expect(back.leftOut).toEqual(["call: a function (call)", "body: 70000 bytes"]);
});

test("all properties of an error and its causes share the room there is", () => {
  const big = { one: "x".repeat(40_000) };
  const back = cross(Object.assign(new Error("a", { cause: Object.assign(new Error("b"), big) }), big));
  expect((back.cause as typeof big & Error).one).toBe(big.one);
  expect(back).toMatchObject({ leftOut: ["one: 40000 bytes"] });
});

test("no property replaces what makes an error one, nor a prototype", () => {
  const error = new Error("real");
  for (const key of ["message", "stack", "name", "cause", "constructor", "__proto__"])
    Object.defineProperty(error, key, { value: key === "name" ? "Error" : `my ${key}`, enumerable: true });
  const payload = payloadOfThrown(error);
  expect(payload.fields).toBeUndefined();
  const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "message": "other", "stack": 5, "constructor": 1}');
  const back = reviveError(decodeError(encodeError({ ...payload, fields: hostile }))) as Error & { polluted?: number };
  expect([back.message, back.stack, back.polluted]).toEqual(["my message", "my stack", undefined]);
  expect(Object.getPrototypeOf(back)).toBe(Error.prototype);
  expect(back.constructor).toBe(Error);
});

test("a property that throws when it is read is named", () => {
  const error = new Error("a");
  const get = (): never => {
    throw new TypeError("closed");
  };
  Object.defineProperty(error, "socket", { enumerable: true, get });
  expect(cross(error)).toMatchObject({ leftOut: ["socket: TypeError: closed"] });
});

test("an AggregateError has the errors that it gathers, and says the first of them", () => {
  const gathered = [
    Object.assign(new TypeError("first"), { status: 1 }),
    "text",
    new AggregateError([1], "inner"),
    null,
  ];
  const back = cross(new AggregateError(gathered, "all failed")) as AggregateError;
  expect(back).toBeInstanceOf(AggregateError);
  const [first, text, inner, nothing] = back.errors as [Error, string, AggregateError, null];
  expect(first).toBeInstanceOf(TypeError);
  expect(first).toMatchObject({ message: "first", status: 1 });
  expect([text, inner.errors, nothing]).toEqual(["text", [1], null]);
  expect(headline(back)).toBe(
    "AggregateError: all failed (TypeError: first; text; AggregateError: inner (1); and 1 more)",
  );
  const many = cross(new AggregateError(Array.from({ length: 100 }, (_, k) => new Error(`${k}`))));
  expect((many as AggregateError).errors).toHaveLength(32);
  expect(many).toMatchObject({ leftOut: ["errors: 68 more"] });
});

test("errors that are values keep as much", () => {
  const error = Object.assign(new RangeError("r", { cause: new Error("c") }), { status: 5 });
  const [back] = decode(encode([error, 1])) as [typeof error];
  expect(back).toBeInstanceOf(RangeError);
  expect(back).toMatchObject({ message: "r", stack: error.stack, status: 5, cause: { message: "c" } });
});
