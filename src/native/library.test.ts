import { expect, test } from "vitest";
import { foreignTo } from "./library.ts";

function head(machine: number): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  bytes[18] = machine;
  return bytes;
}

test.each([
  [head(62), "x64", null],
  [head(183), "arm64", null],
  [head(183), "x64", "it was built for arm64, this process is x64"],
  [head(3), "x64", "it was built for ia32, this process is x64"],
  [head(9), "x64", "it was built for machine 9, this process is x64"],
  [Buffer.from("#!/bin/sh\necho hello\n"), "x64", "it is no ELF file"],
  [new Uint8Array(0), "x64", "it is no ELF file"],
])("what a library was built for stands in its first bytes (%#)", (bytes, own, expected) => {
  expect(foreignTo(bytes, own)).toBe(expected);
});
