import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { needs } from "./needs.mjs";
import { countCtest, plan, quick, type Suite, slow } from "./suites.ts";

const suite: Suite = {
  name: "integration tests",
  needs: ["mpich"],
  files: { "a.test.ts": ["root"], "b.test.ts": ["root", "slurm"] },
  steps: [
    ["make", ["x"]],
    ["vitest", ["run"]],
  ],
};

test("a suite that lacks nothing runs whole", () => {
  expect(plan(suite, [])).toEqual({ steps: suite.steps, leftOut: [] });
});

test("a suite that lacks something is not run, and says what it needs", () => {
  expect(plan(suite, ["mpich", "root"])).toEqual({ steps: [], leftOut: ["not run: needs mpich"] });
});

test("only the files that lack something are left out, each with the reason", () => {
  const { steps, leftOut } = plan(suite, ["root", "slurm"]);
  expect(steps).toEqual([
    ["make", ["x"]],
    ["vitest", ["run", "--exclude", "a.test.ts", "--exclude", "b.test.ts"]],
  ]);
  expect(leftOut).toEqual(["a.test.ts not run: needs root", "b.test.ts not run: needs root, slurm"]);
  expect(plan(suite, ["slurm"]).steps[1]?.[1]).toEqual(["run", "--exclude", "b.test.ts"]);
});

test("the suites name needs that exist, and files that exist", () => {
  const known = ["root", ...needs.map(({ name }) => name)];
  for (const { needs: own = [], files = {} } of [...quick, ...slow]) {
    expect(known).toEqual(expect.arrayContaining([...own, ...Object.values(files).flat()]));
    for (const file of Object.keys(files)) expect(existsSync(file), file).toBe(true);
  }
});

test("doctest programs count their cases, other tests of ctest are one each", () => {
  const output = [
    "1: [doctest] test cases: 12 | 11 passed | 1 failed | 0 skipped",
    "1/3 Test #1: unit ...........***Failed  0.1 sec",
    "2/3 Test #2: simulation .....   Passed  0.1 sec",
    "3/3 Test #3: contract .......***Timeout 9.0 sec",
  ].join("\n");
  expect(countCtest({ code: 1, output })).toEqual({ passed: 12, failed: 2 });
});
