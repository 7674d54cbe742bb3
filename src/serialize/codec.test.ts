import * as fc from "fast-check";
import { Unpackr, unpack } from "msgpackr";
import { expect, test } from "vitest";
import {
  decode,
  decodeInto,
  decodeMany,
  encode,
  encodeManyShared,
  encodeOpenShared,
  encodeShared,
  fillShared,
  releaseShared,
} from "./codec.ts";

// msgpackr reads a key "__proto__" as "__proto_", so that no message can replace a prototype.
const key = fc.string({ maxLength: 40 }).filter((text) => text !== "__proto__");

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value;

test("plain values come back as they were", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(decode(encode(value))).toStrictEqual(value);
    }),
  );
});

test("values encoded together are read one by one from their offsets, and all at once", () => {
  fc.assert(
    fc.property(fc.array(json, { maxLength: 40 }), (values) => {
      const offsets = new Uint32Array(values.length + 3);
      const bytes = encodeManyShared(values, offsets, 2, 1_000).slice();
      values.forEach((value, k) => {
        const own = bytes.subarray((offsets[k + 2] as number) - 1_000, (offsets[k + 3] as number) - 1_000);
        expect(decode(own)).toStrictEqual(value);
      });
      expect(decodeMany(bytes)).toStrictEqual(values);
    }),
  );
});

test("what is written here, msgpackr reads", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(unpack(encode(value))).toStrictEqual(value);
    }),
  );
});

test("typed arrays, dates, sets, expressions and large integers keep their kind", () => {
  const value = {
    column: new Float64Array([1.5, -0, Number.NaN]),
    bytes: new Uint8Array([1, 2, 255]),
    longs: new BigInt64Array([-1n]),
    date: new Date(1_700_000_000_123),
    set: new Set(["a", { b: 1 }]),
    pattern: /a+b/gi,
    large: 2n ** 100n,
    small: -5n,
  };
  const back = decode(encode(value)) as typeof value;
  expect(back.column).toStrictEqual(value.column);
  expect(new Uint8Array(back.bytes)).toStrictEqual(value.bytes);
  expect(back.longs).toStrictEqual(value.longs);
  expect(back.date).toStrictEqual(value.date);
  expect(back.set).toStrictEqual(value.set);
  expect(back.pattern).toStrictEqual(value.pattern);
  expect(back.large).toBe(value.large);
  expect(BigInt(back.small)).toBe(-5n);
});

test.each([
  new Int8Array([-1, 2]),
  new Uint8Array(300).fill(9),
  new Uint8ClampedArray([255]),
  new Int16Array([-300]),
  new Uint16Array(),
  new Int32Array([-70_000]),
  new Uint32Array([4e9]),
  new Float32Array([0.5, Number.NaN]),
  new Float64Array([1, -0, 1e-320]).subarray(1),
  new BigInt64Array([-1n]),
  new BigUint64Array([2n ** 63n]),
])("msgpackr reads the typed array %o as it was", (value) => {
  expect(unpack(encode([value, 1]))).toStrictEqual([value.slice(), 1]);
});

test("a large result is the caller's own, and the next one does not touch it", () => {
  const large = encode(new Uint8Array(5 * 2 ** 20).fill(7));
  encode(new Uint8Array(5 * 2 ** 20).fill(8));
  encodeManyShared([new Uint8Array(5 * 2 ** 20).fill(9)]);
  releaseShared();
  const back = decode(large) as Uint8Array;
  expect([back.length, back.every((byte) => byte === 7)]).toEqual([5 * 2 ** 20, true]);
});

const withMaps = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.string({ maxLength: 4 }),
    fc.constantFrom(null, undefined, 5n, true),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    fc.array(tie("value"), { maxLength: 5 }).map((members) => new Set(members)),
  ),
})).value;

test("Maps are Maps again wherever they stand, with keys of any kind, in their order", () => {
  fc.assert(
    fc.property(withMaps, (value) => {
      expect(decode(encode(value))).toStrictEqual(value);
      expect(unpack(encode(value))).toStrictEqual(value);
    }),
  );
  const order = new Map<unknown, unknown>([
    ["b", 1],
    [2, new Map([[1n, new Date(5)]])],
    ["2", undefined],
    ["a", new Set([new Map([[null, -0]])])],
  ]);
  expect([...(decode(encode(order)) as typeof order)]).toStrictEqual([...order]);
});

test("a Map inside of any other kind of value is a Map there", () => {
  class Holder {
    field = new Map([[1, 1]]);
  }
  class Told {
    toJSON(): unknown {
      return [new Map([[1, 1]])];
    }
  }
  class Own extends Map<number, number> {}
  let deep: unknown = new Map([[1, 1]]);
  for (let k = 0; k < 600; k++) deep = [deep];
  const bare = Object.assign(Object.create(null), { field: new Map([[1, 1]]) }) as object;
  for (const value of [new Set([new Map([[1, 1]])]), new Holder(), new Told(), bare, new Own([[1, 1]]), deep]) {
    let at: unknown = decode(encode(value));
    while (!(at instanceof Map)) at = at instanceof Set ? [...at][0] : Object.values(at as object)[0];
    expect(at).toStrictEqual(new Map([[1, 1]]));
  }
});

class Later {}

test("values take the places of futures inside of Maps, keys too, of Sets, of instances and of large objects", () => {
  const held = new (class Holder {
    field = new Later();
  })();
  const large = Object.fromEntries(Array.from({ length: 70_000 }, (_, k) => [`k${k}`, k === 65_000 ? new Later() : k]));
  const value = [
    new Later(),
    new Map<unknown, unknown>([
      ["a", new Later()],
      [new Later(), [held]],
    ]),
    large,
    new Set([new Later()]),
  ];
  const places: number[] = [];
  const open = encodeOpenShared(value, (one) => one instanceof Later, places).slice();
  const back = decode(fillShared(open, places, [10, 11, new Map([[1, 2]]), 13, 14, 15])) as unknown[];
  expect(back[0]).toBe(10);
  expect(back[1]).toStrictEqual(
    new Map<unknown, unknown>([
      ["a", 11],
      [new Map([[1, 2]]), [{ field: 13 }]],
    ]),
  );
  expect(back[2]).toStrictEqual({ ...large, k65000: 14 });
  expect(back[3]).toStrictEqual(new Set([15]));
});

test("for readers that know only msgpack, Maps are maps and Sets arrays, also in the places of futures", () => {
  const reader = new Unpackr({ mapsAsObjects: false, useRecords: false });
  const value = [new Map<unknown, unknown>([[1, new Map([["a", 2]])]]), new Set([3])];
  const array = [new Map<unknown, unknown>([[1, new Map([["a", 2]])]]), [3]];
  expect(reader.unpack(encodeShared(value, true).slice())).toStrictEqual(array);
  const places: number[] = [];
  const open = encodeOpenShared([new Later()], (one) => one instanceof Later, places, true).slice();
  expect(reader.unpack(fillShared(open, places, [value], true).slice())).toStrictEqual([array]);
  expect(decode(encode(value))).toStrictEqual(value);
});

test("objects around a number, text or boolean arrive as that", () => {
  expect(decode(encode([Object(1.5), Object("ab"), Object(false), Object(7n)]))).toStrictEqual([1.5, "ab", false, 7n]);
});

test.each([
  ["a URLSearchParams", () => new URLSearchParams("a=1")],
  ["a WeakMap", () => new WeakMap()],
  ["a SharedArrayBuffer", () => new SharedArrayBuffer(4)],
  ["a Promise", () => Promise.resolve(1)],
  ["a Generator", () => (function* numbers() {})()],
])("%s, of which nothing would arrive, is refused", (what, make) => {
  expect(() => encode([make()])).toThrow(what);
});

test("special numbers survive", () => {
  const numbers = [0, -0, Number.NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 2 ** 53, 1e-320, 0.1];
  const back = decodeMany(encodeManyShared(numbers)) as number[];
  numbers.forEach((number, k) => expect(back[k]).toBe(number));
});

test("decoded values hold no reference to the bytes they came from", () => {
  const bytes = encode({ data: new Uint8Array([1, 2, 3]), text: "x".repeat(100) });
  const back = decode(bytes) as { data: Uint8Array; text: string };
  bytes.fill(0);
  expect([...back.data]).toEqual([1, 2, 3]);
  expect(back.text).toBe("x".repeat(100));
});

test("values are added where the caller wants them", () => {
  const into: unknown[] = ["kept"];
  expect(decodeInto(encodeManyShared([1, "two", [3.5]]).slice(), into, 1)).toBe(3);
  expect(into).toEqual(["kept", 1, "two", [3.5]]);
});

test.each([
  ["a function", () => 1],
  ["a function inside", { deep: [{ call: () => 1 }] }],
  ["a symbol", Symbol("s")],
])("%s is refused, and the next value is not harmed", (_name, value) => {
  expect(() => encode(value)).toThrow();
  expect(decode(encode([1, "fine"]))).toEqual([1, "fine"]);
});

test("a cycle is refused, not followed for ever", () => {
  const value: { self?: unknown } = {};
  value.self = [value];
  expect(() => encode(value)).toThrow();
});

test("a toJSON that encodes other values disturbs nothing", () => {
  class Odd {
    toJSON(): unknown {
      return { inner: [...encode("nested")] };
    }
  }
  const back = decode(encode(["before", new Odd(), "after"])) as unknown[];
  expect(back).toEqual(["before", { inner: [...encode("nested")] }, "after"]);
});

test("no message can replace a prototype", () => {
  const hostile = JSON.parse('{"__proto__": {"polluted": true}}') as object;
  const read = decode(encode(hostile)) as { polluted?: boolean };
  expect(read.polluted).toBeUndefined();
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});
