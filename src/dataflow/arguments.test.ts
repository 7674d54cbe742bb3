import { beforeEach, expect, test } from "vitest";
import { nativeApp } from "../apps/native.ts";
import { type AppDefinition, findApp, forgetApps } from "../serialize/registry.ts";
import { completeCall, encodeCall, identityOf } from "./arguments.ts";
import { waitingWith } from "./call-files.ts";

beforeEach(forgetApps);

test.each([
  [
    ["i64", "f64"],
    [3n, 0.5],
  ],
  ["bytes", [new Uint8Array([193, 1])]], // No msgpack.
  ["msgpack", ["text", 1]],
] as const)("a native call with %s that waits for files is told from others by its arguments", (layout, args) => {
  nativeApp("f", { library: "/lib/x.so", arguments: layout as "bytes", returns: "f64" });
  const app = findApp("f") as AppDefinition;
  const call = waitingWith(encodeCall(app, args, 0), { inputs: [], outputs: [], places: new Map() });
  const completed = completeCall(app, call, [], 0).slice();
  expect(identityOf(app, call, [], completed)).toEqual(args);
});
