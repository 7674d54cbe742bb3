import { expect, test } from "vitest";
import { bytesOf, needOf } from "./resources.ts";
import type { Resources } from "./types.ts";

test("what every task has is no need", () => {
  expect(needOf("a", {})).toBeNull();
  expect(needOf("a", { cores: 1, gpus: 0, memory: 0, tokens: {} })).toBeNull();
});

test("a need says everything, its tokens by name", () => {
  expect(needOf("a", { cores: 4, memory: "1.5 GiB", tokens: { b: 2, a: 1 } })).toEqual({
    ...{ cores: 4, gpus: 0, memory: 1.5 * 2 ** 30 },
    tokens: [
      { name: "a", count: 1 },
      { name: "b", count: 2 },
    ],
  });
});

test.each([
  [{ cores: 0 }, "resources.cores is 0."],
  [{ cores: 1.5 }, "resources.cores is 1.5."],
  [{ gpus: -1 }, "resources.gpus is -1."],
  [{ memory: "4 GX" }, 'resources.memory is "4 GX".'],
  [{ memory: -1 }, "resources.memory is -1."],
  [{ core: 1 }, 'resources has "core".'],
  [{ tokens: { a: 0 } }, "resources.tokens.a is 0."],
  [{ tokens: 3 }, "resources.tokens is 3."],
  [null, "resources is null."],
])("%j is refused", (given, message) => {
  expect(() => needOf('App "a"', given as unknown as Resources)).toThrow(message);
});

test.each([
  [0, 0],
  [10.2, 11],
  ["7", 7],
  ["7 B", 7],
  ["2kB", 2_000],
  ["2 KiB", 2_048],
  [" 1.5 MB ", 1_500_000],
  ["3 TiB", 3 * 2 ** 40],
])("%j is %d bytes", (given, bytes) => expect(bytesOf("memory", given)).toBe(bytes));
