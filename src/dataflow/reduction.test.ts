import { expect, test } from "vitest";
import { RecordKind, type TaskRecord } from "../native/binding.ts";
import { encodePartial } from "../serialize/reduce.ts";
import { ScalarEnd } from "./reduction.ts";

test("one value may stand for several ranges of an integer reduction: the others come without one", () => {
  const end = new ScalarEnd("sum", "i64");
  const partial = (first: number, last: number, value: bigint): TaskRecord => {
    const payload = encodePartial("sum", "i64", value);
    return { batch: 1, kind: RecordKind.partial, first, last, payload, rank: 0 };
  };
  end.done(partial(0, 10, 45n), null, 0);
  end.done({ batch: 1, kind: RecordKind.done, first: 20, last: 30, payload: null, rank: 0 }, null, 0);
  end.done(partial(10, 20, 100n), null, 0);
  expect(end.result()).toBe(145n);
});
