import { expect, test } from "vitest";
import { elementOf, fits, getters, newColumn, packRows, rowBytes } from "./columns.ts";
import { packStrings, unpackStrings, wordText } from "./strings.ts";

test("rows are packed without padding and read back", () => {
  const columns = [
    { element: "f64", length: 3, at: (k: number) => k + 0.5 },
    { element: "u8", length: 3, at: (k: number) => 250 + k },
    { element: "i64", length: 3, at: (k: number) => BigInt(-k) },
  ] as const;
  const bytes = packRows(columns, 1, 3);
  expect(rowBytes(["f64", "u8", "i64"])).toBe(17);
  const view = new DataView(bytes.buffer);
  expect([getters.f64(view, 17), getters.u8(view, 25), getters.i64(view, 26)]).toEqual([2.5, 252, -2n]);
});

test.each([
  ["f64", 1.5, true],
  ["f64", "1", false],
  ["i32", 3.5, false],
  ["i32", 2 ** 31, false],
  ["i32", 3n, false],
  ["u32", -1, false],
  ["u8", 255, true],
  ["u8", 256, false],
  ["i64", 5, false],
  ["i64", 2n ** 63n, false],
  ["u64", 2n ** 63n, true],
  ["u64", -1n, false],
] as const)("%s takes %s: %s", (element, value, expected) => {
  expect(fits(element, value)).toBe(expected);
});

test("typed arrays tell their element type", () => {
  expect(elementOf(newColumn("u32", 2))).toBe("u32");
  expect(elementOf(new Int8Array(2))).toBeNull();
  expect(elementOf([1, 2])).toBeNull();
});

test("argument strings come back, whatever characters they hold", () => {
  const strings = ["", "plain", "ünïcødé 🧵", "a\nb"];
  expect(unpackStrings(packStrings(strings))).toEqual(strings);
});

test("what cannot be a word of a command is refused with its place", () => {
  expect(wordText(1.5, "x")).toBe("1.5");
  expect(() => wordText({ a: 1 }, "the value of {file}")).toThrow("the value of {file} is { a: 1 }, which is no word");
  expect(() => wordText("a\0b", "word 2")).toThrow("word 2 contains a NUL character");
});
