import { pathToFileURL } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { findApp, forgetApps } from "../serialize/registry.ts";
import { type NativeOptions, nativeApp } from "./native.ts";

beforeEach(forgetApps);

const good = { library: "/lib/x.so", arguments: ["i64"], returns: "f64" } as const;

test("a native app is defined with an absolute path, the app's name as function, and its layout", () => {
  nativeApp("f", { ...good, library: "x.so" });
  nativeApp("g", { ...good, library: pathToFileURL("/lib/a b.so"), function: "h", returns: "bytes" });
  expect(findApp("f")?.native).toEqual({
    library: `${process.cwd()}/x.so`,
    function: "f",
    layout: ["i64"],
    merge: null,
  });
  expect(findApp("g")).toMatchObject({ returns: null, native: { library: "/lib/a b.so", function: "h" } });
});

test("its source tells apart how the function is called, and not where its library lies", () => {
  nativeApp("a", { ...good, function: "f" });
  nativeApp("b", { ...good, function: "f", library: "/elsewhere/x.so" });
  nativeApp("c", { ...good, function: "f", returns: "bytes" });
  nativeApp("d", { ...good, function: "f", arguments: "bytes" });
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => findApp(name)?.source);
  expect(a).toBe(b);
  expect(new Set([a, c, d]).size).toBe(3);
});

test("results of what it spawns merge by a word or by a function; of bytes only by a function", () => {
  nativeApp("sums", { ...good, merge: "sum" });
  nativeApp("joins", { ...good, returns: "bytes", merge: { function: "join" } });
  expect(findApp("sums")?.native?.merge).toBe("sum");
  expect(findApp("joins")?.native?.merge).toEqual({ function: "join" });
  expect(() => nativeApp("bytes", { ...good, returns: "bytes", merge: "sum" })).toThrow('merge is "sum"');
});

test.each([
  ["library", 5, "library is 5"],
  ["library", "", 'library is ""'],
  ["library", new URL("https://example.org/x.so"), 'library is "https://example.org/x.so"'],
  ["function", "", 'function is ""'],
  ["arguments", undefined, "arguments is undefined"],
  ["arguments", [], "arguments is []"],
  ["arguments", ["i64", "int"], 'arguments is ["i64", "int"]'],
  ["returns", "int", 'returns is "int"'],
  ["merge", "product", 'fix: use "sum", "min", "max", { function: "NAME" }'],
  ["merge", { function: "" }, "merge is {"],
  ["walltime", 5, "cannot be ended, so it has no walltime"],
])("an option %s of %s is refused", (option, value, text) => {
  const define = (): unknown => nativeApp("f", { ...good, [option]: value } as unknown as NativeOptions<"bytes">);
  expect(define).toThrow(expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(text) }));
});
