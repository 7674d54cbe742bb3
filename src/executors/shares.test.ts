import { expect, test } from "vitest";
import type { SubmitOptions } from "../native/binding.ts";
import { partOf, sharesOf } from "./shares.ts";

test.each([
  ["by slots", 100, [4, 1], [0, 0], [80, 20]],
  ["one task goes where most slots are", 1, [2, 4], [0, 0], [0, 1]],
  ["one task goes where fewest wait for each slot", 1, [2, 4], [0, 3], [1, 0]],
  ["what is busy gets less", 10, [1, 1], [6, 0], [2, 8]],
  ["what is busier than the others will be gets none", 10, [1, 1, 1], [100, 0, 2], [0, 6, 4]],
  ["an executor without such slots gets none", 7, [0, 2], [0, 0], [0, 7]],
  ["unless none has any", 2, [0, 0], [0, 0], [1, 1]],
  ["one executor gets all", 5, [1], [9], [5]],
  ["nothing is shared as nothing", 0, [1, 2], [0, 0], [0, 0]],
])("%s", (_, count, slots, busy, shares) => expect(sharesOf(count, slots, busy)).toEqual(shares));

test("shares add up, however odd the numbers", () => {
  for (let count = 0; count < 50; count++) {
    const shares = sharesOf(count, [3, 7, 1], [count % 5, 2, count % 3]);
    expect(shares.reduce((a, b) => a + b)).toBe(count);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
  }
});

const batch = (more: Partial<SubmitOptions>): SubmitOptions =>
  ({ first: 10, last: 14, column: null, bytes: null, offsets: null, columns: null, ...more }) as SubmitOptions;

test("a part of packed arguments has its own offsets", () => {
  const bytes = Uint8Array.of(1, 2, 2, 3, 3, 3, 4);
  const offsets = Uint32Array.of(0, 1, 3, 6, 7);
  const part = partOf(batch({ bytes, offsets, column: new Float64Array([0, 1, 2, 3]) }), 11, 13);
  expect(part).toMatchObject({
    first: 11,
    last: 13,
    bytes: Uint8Array.of(2, 2, 3, 3, 3),
    offsets: Uint32Array.of(0, 2, 5),
  });
  expect(part.column).toEqual(new Float64Array([1, 2]));
  expect(offsets).toEqual(Uint32Array.of(0, 1, 3, 6, 7));
});

test("a part of rows has its rows, and one of a range nothing to cut", () => {
  const rows = partOf(batch({ bytes: Uint8Array.of(0, 1, 2, 3), columns: ["u8"] }), 12, 14);
  expect(rows.bytes).toEqual(Uint8Array.of(2, 3));
  expect(partOf(batch({}), 10, 11)).toMatchObject({ first: 10, last: 11, bytes: null });
});
