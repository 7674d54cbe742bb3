/** Every suite of `scripts/check.ts`, and what each needs. */

import type { Ended } from "./steps.ts";
import { local } from "./steps.ts";

export interface Suite {
  name: string;
  /** By the names in needs.mjs, or "root". A suite that lacks something is not run, and fails. */
  needs?: string[];
  /** Files of a vitest suite that need more than the others. Those that lack something are left out, and fail. */
  files?: Record<string, string[]>;
  steps: Step[];
  /** How the last step tells of its tests. Default: the suite is one test. */
  count?: "ctest" | "vitest";
}

export type Step = [command: string, args: string[]];

export interface Count {
  passed: number;
  failed: number;
}

const tsx = local("tsx");
const vitest = (project: string): Step => [local("vitest"), ["run", "--project", project, "--reporter=default"]];

export const quick: Suite[] = [
  { name: "build", steps: [[tsx, ["scripts/build.ts"]]] },
  { name: "types", steps: [[local("tsc"), ["--noEmit"]]] },
  { name: "lint", steps: [[tsx, ["scripts/lint.ts", "--no-cpp"]]] },
  { name: "C++ format", needs: ["clang-format"], steps: [[tsx, ["scripts/lint.ts", "--only-cpp"]]] },
  { name: "error list", steps: [[tsx, ["scripts/errors-doc.ts", "--check"]]] },
  {
    name: "C++ unit tests",
    needs: ["doctest"],
    steps: [
      ["cmake", ["--build", "build", "--target", "heddle_tests", "sim", "-j2"]],
      ["ctest", ["--test-dir", "build", "-V", "-j2", "--no-tests=error", "-R", "^(unit|simulation.*)$"]],
    ],
    count: "ctest",
  },
  {
    name: "TypeScript unit tests",
    files: { "src/staging/globus.test.ts": ["openssl"] }, // Makes a certificate.
    steps: [vitest("unit")],
    count: "vitest",
  },
];

export const slow: Suite[] = [
  { name: "API pages", steps: [[local("typedoc"), ["--treatWarningsAsErrors"]]] },
  {
    name: "transport contract over MPI",
    needs: ["doctest", "mpich", "openmpi"],
    steps: [
      ["cmake", ["--build", "build", "--target", "mpi-contract", "-j2"]],
      ["ctest", ["--test-dir", "build", "--output-on-failure", "--no-tests=error", "-R", "^contract_"]],
    ],
    count: "ctest",
  },
  {
    name: "integration tests",
    needs: ["mpich", "openmpi"],
    files: {
      "test/integration/bad-input.test.ts": ["root"], // Mounts a device that is soon full.
      "test/integration/globus.test.ts": ["openssl"],
      "test/integration/stage.test.ts": ["strace"], // Counts what ranks open.
      "test/integration/two-hosts.test.ts": ["root", "iproute2"],
      "test/package/gyp.test.ts": ["python3"],
      "test/package/quickstart.test.ts": ["ccache"], // Else it compiles for two minutes.
      "test/integration/slurm.test.ts": ["root", "iproute2", "slurm"],
    },
    steps: [vitest("integration")],
    count: "vitest",
  },
];

/** What can run here, and why the rest can not. Pure. */
export interface Plan {
  /** Empty: nothing of the suite. */
  steps: Step[];
  /** One line for each part that is left out; each counts as one failure. */
  leftOut: string[];
}

export function plan({ needs = [], files = {}, steps }: Suite, missing: readonly string[]): Plan {
  const lacking = (wanted: string[]): string[] => wanted.filter((need) => missing.includes(need));
  const all = lacking(needs);
  if (all.length > 0) return { steps: [], leftOut: [`not run: needs ${all.join(", ")}`] };
  const without = Object.entries(files).filter(([, wanted]) => lacking(wanted).length > 0);
  const exclude = without.flatMap(([file]) => ["--exclude", file]);
  return {
    steps: steps.map(([command, args], k) => [command, k === steps.length - 1 ? [...args, ...exclude] : args]),
    leftOut: without.map(([file, wanted]) => `${file} not run: needs ${lacking(wanted).join(", ")}`),
  };
}

/** A doctest program prints how many cases it ran; any other test of ctest is one. Pure. */
export function countCtest({ output }: Ended): Count {
  const cases = [...output.matchAll(/^(\d+): .*test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed/gm)];
  const counted = new Set(cases.map((row) => row[1]));
  const whole = [...output.matchAll(/Test\s+#(\d+): .*[ .](Passed|\*\*\*\w+)/g)].filter((row) => !counted.has(row[1]));
  const passed = whole.filter((row) => row[2] === "Passed").length;
  return cases.reduce((sum, row) => ({ passed: sum.passed + Number(row[2]), failed: sum.failed + Number(row[3]) }), {
    passed,
    failed: whole.length - passed,
  });
}
