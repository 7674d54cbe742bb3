import { expect, test } from "vitest";
import { app, bashApp, joinApp } from "../index.ts";
import { walltimeMs } from "./definition.ts";

test("an option that no app has is an error that knows what was meant", () => {
  const made = (options: object) => () => app("known", () => 1, options);
  expect(made({ retires: 3 })).toThrow('App "known" has no option "retires".\n  fix: did you mean retries?');
  expect(made({ nothing: 3 })).toThrow("fix: use priority, target, resources, executors");
  expect(() => bashApp("known", "true", { retruns: 1 } as object)).toThrow('has no option "retruns"');
  expect(() => joinApp("known", () => 1, { retries: 1 } as object)).toThrow("use cache");
  expect(() => app("withs", () => 1).with({ returns: "f64" } as object)).toThrow("withs.with() has no option");
});

test.each([
  ["10m", 600],
  ["1.5 h", 5_400],
  ["30", 30],
  ["00:10:00", 600],
  ["1-00:00:01", 86_401],
])("a walltime of %o is told in seconds", (given, seconds) => {
  expect(() => walltimeMs("a", given as never)).toThrow(`walltime is "${given}".\n  fix: give seconds: ${seconds}`);
});

test("a walltime that says nothing is told what to be", () => {
  for (const given of ["soon", -1, "0"]) {
    expect(() => walltimeMs("a", given as never)).toThrow("fix: give seconds, more than 0");
  }
});
