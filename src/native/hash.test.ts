import { expect, test } from "vitest";
import { fnv1a64 } from "./hash.ts";

test("has the values of the specification, for texts and for bytes", () => {
  expect(fnv1a64("")).toBe(0xcbf29ce484222325n);
  expect(fnv1a64("a")).toBe(0xaf63dc4c8601ec8cn);
  expect(fnv1a64("foobar")).toBe(0x85944171f73967e8n);
  expect(fnv1a64(Buffer.from("foobar"))).toBe(0x85944171f73967e8n);
});

test("agrees with the definition, byte by byte in whole numbers", () => {
  const bytes = Uint8Array.from({ length: 4_096 }, (_, k) => (k * 151 + (k >> 3)) & 0xff);
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
  expect(fnv1a64(bytes)).toBe(hash);
});
