import { expect, test } from "vitest";
import { HeddleError } from "../errors.ts";
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
