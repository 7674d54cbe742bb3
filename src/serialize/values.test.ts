import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { encode } from "./codec.ts";
import { findUnencodable, shorten, shortenArguments } from "./values.ts";

test("the path leads to what cannot be encoded", () => {
  expect(findUnencodable({ a: [1, { callback: () => 1 }] })).toEqual({
    path: ".a[1].callback",
    what: "a function (callback)",
  });
  expect(findUnencodable([Symbol("s")])?.path).toBe("[0]");
  expect(findUnencodable({ fine: [1, "a", null, undefined, new Date(), new Uint8Array(3)] })).toBeNull();
});

test("a value that contains itself is found, one that occurs twice is fine", () => {
  const cycle: Record<string, unknown> = { list: [] };
  (cycle["list"] as unknown[]).push(cycle);
  expect(findUnencodable(cycle)).toEqual({ path: ".list[0]", what: "a cycle: a value that contains itself" });
  const shared = { x: 1 };
  expect(findUnencodable([shared, shared])).toBeNull();
});

test("streams, generators, and promises in results, are not taken for plain objects", () => {
  const stream = Readable.from([]);
  const [generator, later] = [(function* () {})(), (async function* () {})()];
  expect(findUnencodable([{ stream }])).toEqual({ path: "[0].stream", what: "a stream of this process (Readable)" });
  for (const odd of [generator, later]) expect(findUnencodable({ odd })?.what).toBe("a generator");
  for (const odd of [stream, generator, later]) expect(() => encode([odd])).toThrow("cannot be encoded");
  expect(findUnencodable([Promise.resolve()])).toBeNull(); // An input.
  expect(findUnencodable([Promise.resolve()], true)).toEqual({ path: "[0]", what: "a promise without its result yet" });
});

test("values are shortened for people", () => {
  expect(shorten("a\nb")).toBe('"a\\nb"');
  expect(shorten({ a: 1, b: [1, 2, 3] })).toBe("{ a: 1, b: [1, 2, 3] }");
  expect(shorten(new Float64Array(4))).toBe("Float64Array(32 bytes)");
  expect(shorten("x".repeat(1_000)).length).toBe(120);
  expect(shorten(Array.from({ length: 100 }, (_, k) => k))).toBe("[0, 1, 2, 3, 4, 5, … 94 more]");
});

test("many arguments are shortened too", () => {
  expect(shortenArguments(["CCO", 1])).toBe('"CCO", 1');
  expect(shortenArguments(new Array(12).fill(0))).toBe("0, 0, 0, 0, 0, 0, 0, 0, … 4 more");
});
