import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMany, encode } from "../serialize/codec.ts";
import { withNumbers } from "./numbers.ts";

test("each list is told its number, whatever is in it and however long it is", () => {
  const lists = fc.array(fc.tuple(fc.nat(2 ** 40), fc.array(fc.jsonValue(), { maxLength: 20 })), { minLength: 1 });
  fc.assert(
    fc.property(lists, (given) => {
      const parts = given.map(([, list]) => encode(list));
      const offsets: number[] = [];
      let at = 0;
      for (const part of parts) {
        offsets.push(at);
        at += part.length;
      }
      const numbers = given.map(([number]) => number);
      const numbered = withNumbers(numbers, Buffer.concat(parts), offsets);
      const values = numbered.offsets.map((from, k) => numbered.bytes.subarray(from, numbered.offsets[k + 1]));
      const own = parts.map((part) => decodeMany(part)[0] as unknown[]);
      expect(values.map((value) => decodeMany(value)[0])).toEqual(
        given.map(([number], k) => [number, ...(own[k] ?? [])]),
      );
    }),
  );
});
