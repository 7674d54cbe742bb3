import { expect, test } from "vitest";
import { describeMissing, installAll, isThere, missing, type Need, needs } from "./needs.mjs";

const only = (...names: string[]): Need[] => needs.filter(({ name }) => names.includes(name));

test("what is not on PATH is missing; for a build only the tools count", () => {
  const there = (file: string): boolean => !["cmake", "clang-format-19"].includes(file);
  expect(missing({ there })).toEqual(only("cmake", "clang-format"));
  expect(missing({ there, toolsOnly: true })).toEqual(only("cmake"));
  expect([isThere("sh"), isThere("/bin/sh"), isThere("heddle-no-such-command")]).toEqual([true, true, false]);
});

test("a package that apt-get does not know keeps no other from being installed", () => {
  const here = new Set<string>();
  const calls: string[] = [];
  const aptGet = (args: string[]): boolean => {
    calls.push(args.filter((arg) => !arg.startsWith("-")).join(" "));
    if (args.includes("clang-format-19")) return false;
    for (const one of args) here.add(one);
    return true;
  };
  const still = (): Need[] =>
    only("python3", "doctest", "clang-format").filter(({ packages }) => !packages.every((one) => here.has(one)));
  installAll(still, aptGet, 1);
  expect(calls).toEqual([
    "update",
    "install doctest-dev python3 clang-format-19",
    "install doctest-dev",
    "install python3",
    "install clang-format-19",
  ]);
  expect(still()).toEqual(only("clang-format"));
});

test("what failed is tried again, with fresh lists; what is there is not", () => {
  let left = only("python3");
  const calls: string[] = [];
  const aptGet = ([verb = ""]: string[]): boolean => {
    calls.push(verb);
    if (calls.length === 4) left = []; // The network is back.
    return left.length === 0;
  };
  installAll(() => left, aptGet);
  expect(calls).toEqual(["update", "install", "update", "install"]);
});

test("what is left is named, with the command that would bring it", () => {
  expect(describeMissing(only("doctest", "clang-format"))).toBe(
    "Missing: doctest, clang-format; without them what needs them is not run, and counts as failed.\n" +
      "  fix: sudo apt-get install -y --no-install-recommends doctest-dev clang-format-19",
  );
  expect(describeMissing(only("g++"))).toContain("without them nothing can be built");
});
