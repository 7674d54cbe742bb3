import { expect, test } from "vitest";
import { parseCommandLine, UsageError } from "./options.ts";

const names = ["map", "native"];

test("a command line names the bench and its options, in any order", () => {
  const line = parseCommandLine(
    ["--json", "map", "--ranks", "4", "--mpi=openmpi", "--seconds", "0.5", "--smoke"],
    names,
  );
  expect(line).toMatchObject({
    name: "map",
    json: true,
    ranks: 4,
    mpi: "openmpi",
    seconds: 0.5,
    smoke: true,
    workers: null,
  });
});

test("what cannot be meant is named", () => {
  const parse =
    (...words: string[]) =>
    () =>
      parseCommandLine(words, names);
  expect(parse("mop")).toThrow('no bench "mop"; there are: map, native');
  expect(parse()).toThrow("no bench is named");
  expect(parse("map", "--ranks", "two")).toThrow("--ranks takes an integer of 1 or more, not two");
  expect(parse("map", "--ranks")).toThrow("not nothing");
  expect(parse("map", "--seconds", "0")).toThrow(UsageError);
  expect(parse("map", "--mpi", "lam")).toThrow("mpich or openmpi, not lam");
  expect(parse("map", "--tree", "T9")).toThrow("--tree takes T1, T2, T3 or T1L, not T9");
  expect(parse("map", "--fast")).toThrow("unknown option: --fast");
  expect(parse("map", "native")).toThrow("unknown option: native");
});
