import { expect, test } from "vitest";
import { addonSources, breaches } from "./tidy.ts";

test("a layer that includes upwards or sideways is named with its line", () => {
  const text = '#include "base/ids.h"\n#include "transport/transport.h"\n';
  expect(breaches("native/scheduler/a.cc", text)).toEqual([
    "native/scheduler/a.cc:2: scheduler must not include transport/transport.h",
  ]);
  expect(breaches("native/runtime/a.cc", text)).toEqual([]);
});

test("the scheduler has no clock and no thread, and only the MPI transport knows MPI", () => {
  expect(breaches("native/scheduler/a.cc", "#include <chrono>\n")).toHaveLength(1);
  expect(breaches("native/scheduler/a.cc", "#include <vector>\n")).toEqual([]);
  expect(breaches("native/runtime/a.cc", "#include <mpi.h>\n")).toHaveLength(1);
  expect(breaches("native/transport/mpi/a.cc", "#include <mpi.h>\n")).toEqual([]);
});

test("TypeScript imports point down only", () => {
  expect(breaches("src/serialize/a.ts", 'import { x } from "../apps/b.ts";\n')).toEqual([
    "src/serialize/a.ts:1: serialize must not import ../apps/b.ts (apps)",
  ]);
  expect(breaches("src/apps/a.ts", 'import { x } from "../serialize/b.ts";\n')).toEqual([]);
  expect(breaches("src/surprise/a.ts", "")).toHaveLength(1);
});

test("a file of 401 lines and a function of 71 are too long", () => {
  expect(breaches("bench/a.ts", "x\n".repeat(400))).toEqual([]);
  expect(breaches("bench/a.ts", "x\n".repeat(401))).toEqual(["bench/a.ts: 401 lines; the limit is 400"]);
  const body = (lines: number): string => `int f(int a) {\n${"  a++;\n".repeat(lines - 2)}}\n`;
  expect(breaches("native/base/a.cc", body(70))).toEqual([]);
  expect(breaches("native/base/a.cc", body(71))).toHaveLength(1);
});

test("the list of sources has the addon's files and neither tests nor MPI nor the simulator", () => {
  const files = [
    "native/base/b.cc",
    "native/base/b_test.cc",
    "native/addon/addon.cc",
    "native/transport/mpi/m.cc",
    "native/runtime/process/p.cc",
    "native/sim/main.cc",
    "native/base/b.h",
  ];
  expect(addonSources(files)).toBe("native/addon/addon.cc\nnative/base/b.cc\nnative/runtime/process/p.cc\n");
});
