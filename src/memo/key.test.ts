import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode } from "../serialize/codec.ts";
import { appKey, FileKey, keyOf } from "./key.ts";

const all = { ignore: [], version: null, key: null, files: "content" as const };
const key = (...args: unknown[]): string => keyOf("a", all, args);
const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");

test("the order in which properties were set, or members added, makes no difference", () => {
  expect(key({ a: 1, b: { d: 1, c: 2 } })).toBe(key({ b: { c: 2, d: 1 }, a: 1 }));
  expect(key(new Set([3, "x", 1]))).toBe(key(new Set(["x", 1, 3])));
  expect(key([1, 2])).not.toBe(key([2, 1]));
});

test("values that differ have keys that differ", () => {
  const values = [
    ...[0, -0, 1, Number.NaN, 1n, "1", "", null, undefined, true, false],
    ...[[], [[]], {}, { a: undefined }, [undefined], { a: 1 }, { b: 1 }, [1], [1, ""], ["1"]],
    ...[new Date(1), new Date(2), /a/, /a/g, new Set([1]), new Set([[1]]), new Map([[1, 2]])],
    ...[
      new Map([["1", 2]]),
      new Map([["a", 1]]),
      new Map(),
      new Map([[1, { a: 1 }]]),
      { 1: 2 },
      [[1, 2]],
      new Set([1, 2]),
    ],
    ...[
      new Uint8Array([1]),
      new Int8Array([1]),
      new Uint8Array([1, 0]),
      new Float64Array([1]),
      new Error("1"),
      Object.assign(new Error("1"), { status: 1 }),
    ],
    ..."x"
      .repeat(70)
      .split("")
      .map((_, k) => "y".repeat(k + 1)),
  ];
  const keys = values.map((value) => key(value));
  expect(new Set(keys).size).toBe(values.length);
  expect(key([1], 2)).not.toBe(key([1, 2]));
});

test("what a task would see is what counts: encoding and decoding changes no key", () => {
  fc.assert(
    fc.property(fc.anything({ withDate: true, withTypedArray: true, withBigInt: false }), (value) => {
      expect(key(decode(encode(value)))).toBe(key(decode(encode(decode(encode(value))))));
    }),
  );
});

test("a Map has the key of a Map when its task has seen it, in whatever order it was filled", () => {
  const map = new Map<unknown, unknown>([
    ["a", 1],
    [2, "b"],
  ]);
  const seen = (value: unknown): string => key(decode(encode(value)));
  expect(seen(map)).toBe(key(map));
  expect(seen(map)).toBe(seen(new Map([...map].reverse())));
  expect(seen(map)).not.toBe(seen(Object.fromEntries(map)));
  expect(seen(new Map([[1, 1]]))).not.toBe(seen(new Map([["1", 1]])));
});

test("keys are short, and the same in another process", () => {
  const long = { text: "x".repeat(100_000), numbers: new Float64Array(1_000).fill(0.1) };
  expect(key(long)).toHaveLength(33);
  const program = `
    import { keyOf } from ${JSON.stringify(new URL("./key.ts", import.meta.url).href)};
    const long = { numbers: new Float64Array(1_000).fill(0.1), text: "x".repeat(100_000) };
    const key = keyOf("a", { ignore: [], version: null, key: null, files: "content" }, [long]);
    process.stdout.write(Buffer.from(key, "latin1").toString("hex"));`;
  const node = [...["--import", "tsx", "--input-type=module", "-e"], program];
  expect(execFileSync(process.execPath, node, { encoding: "utf8" })).toBe(hex(key(long)));
  // For ever: results that were kept with it must be found.
  expect(hex(key("CCO", 1))).toBe("00074000000000000000060000000343434f043ff0000000000000");
  expect(appKey("energy", "1").toString("hex")).toHaveLength(32);
});

test("what is to be ignored plays no part, by position or by name", () => {
  const some = { ...all, ignore: [1, "verbose"] };
  expect(keyOf("a", some, [{ x: 1, verbose: true }, 1])).toBe(keyOf("a", some, [{ x: 1 }, 2]));
  expect(keyOf("a", some, [{ x: 1 }, 1])).not.toBe(keyOf("a", some, [{ x: 2 }, 1]));
});

test("a file is what counts of it, wherever it stands, and no text", () => {
  const file = new FileKey("ab");
  expect(key({ of: [file] })).toBe(key({ of: [decode(encode(new FileKey("ab")))] }));
  expect(key(file)).not.toBe(key(new FileKey("ac")));
  expect(key(file)).not.toBe(key("ab"));
  expect(hex(key(file))).toBe("00073ff00000000000000f000000026162");
});

test("what has no key is named, with its place", () => {
  class Odd {}
  expect(() => key(1, { deep: { one: new Odd() } })).toThrow(
    'App "a" has `cache`, and an argument is a Odd (at deep.one), of which no key can be made.',
  );
  expect(() => key(() => 1)).toThrow("is a function,");
});
