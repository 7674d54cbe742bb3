import { expect, test } from "vitest";
import type { SubmitOptions } from "../native/binding.ts";
import { partOf } from "./shares.ts";

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
