import { expect, test } from "vitest";
import { encode } from "./codec.ts";
import { packNative, unpackNative } from "./native-arguments.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("elements lie one after the other, little-endian, without padding", () => {
  const row = packNative("f", ["u8", "i64", "f32"], [255, -2, 1.5]);
  expect(hex(row)).toBe("fffeffffffffffffff0000c03f");
  expect(unpackNative(["u8", "i64", "f32"], row)).toEqual([255, -2n, 1.5]);
});

test("integers of 64 bits may be numbers, where those are exact", () => {
  expect(packNative("f", ["i64"], [-7])).toEqual(packNative("f", ["i64"], [-7n]));
  expect(packNative("f", ["u64"], [2 ** 53 - 1])).toEqual(packNative("f", ["u64"], [2n ** 53n - 1n]));
});

test.each([
  [["i64"], 0.5],
  [["i64"], 2 ** 53],
  [["u64"], -1],
  [["u8"], 256],
  [["i32"], "1"],
  [["f64"], 1n],
  ["bytes", "text"],
  ["bytes", new Float64Array(1)],
] as const)("as %s the argument %s is refused", (layout, value) => {
  expect(() => packNative("f", layout, [value])).toThrow(
    expect.objectContaining({ code: "ERR_ARGUMENT", message: expect.stringContaining('App "f": argument 0 is ') }),
  );
});

test("a wrong number of arguments is refused: the function would read beyond its row", () => {
  expect(() => packNative("f", ["i64", "f64"], [1])).toThrow(
    'App "f": it takes 2 (i64, f64), and was given 1 arguments.',
  );
  expect(() => packNative("f", "bytes", [])).toThrow("it takes one Uint8Array, and was given 0 arguments");
});

test("bytes go as they are, anything as the msgpack array of all arguments", () => {
  expect(packNative("f", "bytes", [Buffer.from("abc")])).toEqual(Buffer.from("abc"));
  expect(packNative("f", "msgpack", ["a", { b: 1 }])).toEqual(encode(["a", { b: 1 }]));
  expect(unpackNative("msgpack", encode([1, [2]]))).toEqual([1, [2]]);
});
