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
      const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
      expect(plain(values.map((value) => decodeMany(value)[0]))).toEqual(
        plain(given.map(([number, list]) => [number, ...list])),
      );
    }),
  );
});
