/**
 * Builds, then runs every suite, and ends with the line "N passed, N failed". A suite that does not count its tests is one.
 *
 *   tsx scripts/check.ts          build, types, lint, layer rules, unit tests of both languages
 *   tsx scripts/check.ts --all    also MPI, integration and package tests, and the addon built by node-gyp
 *
 * HEDDLE_MISSING names what the machine lacks (scripts/setup.mjs sets it): suites that need it are not run, and fail.
 */

import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, local, run } from "./steps.ts";

interface Count {
  passed: number;
  failed: number;
}

interface Suite {
  name: string;
  needs?: string[];
  steps: [command: string, args: string[]][];
  /** Tests in what the last step printed; default: the suite is one test. */
  count?: (last: Ended) => Count;
}

const report = join(tmpdir(), `heddle-vitest-${process.pid}.json`);
const tsx = local("tsx");

const quick: Suite[] = [
  { name: "build", steps: [[tsx, ["scripts/build.ts"]]] },
  { name: "types", steps: [[local("tsc"), ["--noEmit"]]] },
  { name: "lint", steps: [[tsx, ["scripts/lint.ts"]]] },
  { name: "error list", steps: [[tsx, ["scripts/errors-doc.ts", "--check"]]] },
  {
    name: "C++ unit tests",
    needs: ["doctest"],
    steps: [
      ["cmake", ["--build", "build", "--target", "heddle_tests", "sim", "-j2"]],
      ["ctest", ["--test-dir", "build", "-V", "--no-tests=error", "-R", "^(unit|simulation.*)$"]],
    ],
    count: countCtest,
  },
  { name: "TypeScript unit tests", steps: [[local("vitest"), vitest("unit")]], count: countVitest },
];

const slow: Suite[] = [
  {
    name: "transport contract over MPI",
    needs: ["doctest", "mpich", "openmpi"],
    steps: [
      ["cmake", ["--build", "build", "--target", "mpi-contract", "-j2"]],
      ["ctest", ["--test-dir", "build", "--output-on-failure", "--no-tests=error", "-R", "^contract_"]],
    ],
    count: countCtest,
  },
  { name: "node-gyp build", needs: ["python3"], steps: [[tsx, ["scripts/gyp.ts"]]] },
  {
    name: "integration tests",
    needs: ["mpich", "openmpi", "iproute2"],
    steps: [[local("vitest"), vitest("integration")]],
    count: countVitest,
  },
];

const missing = (process.env["HEDDLE_MISSING"] ?? "").split(",").filter(Boolean);
const total: Count = { passed: 0, failed: 0 };
const lines: string[] = [];

for (const suite of process.argv.includes("--all") ? [...quick, ...slow] : quick) {
  const began = Date.now();
  const { passed, failed, note } = await runSuite(suite);
  total.passed += passed;
  total.failed += failed;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  lines.push(
    `${failed === 0 ? "ok    " : "FAILED"} ${suite.name}: ${passed} passed, ${failed} failed${note} (${seconds} s)`,
  );
  if (suite.name === "build" && failed > 0) break;
}
console.log(`\n${lines.join("\n")}\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runSuite(suite: Suite): Promise<Count & { note: string }> {
  const lacking = suite.needs?.filter((need) => missing.includes(need)) ?? [];
  if (lacking.length > 0) return { passed: 0, failed: 1, note: `, not run: needs ${lacking.join(", ")}` };
  console.log(`\n== ${suite.name}`);
  let last: Ended = { code: 0, output: "" };
  for (const [command, args] of suite.steps) {
    last = await run(command, args);
    if (last.code !== 0) break;
  }
  const counted = suite.count?.(last) ?? { passed: last.code === 0 ? 1 : 0, failed: 0 };
  // A crash, or nothing found to run, is a failure even if every test that was counted passed.
  const silent = counted.failed === 0 && (last.code !== 0 || counted.passed === 0);
  return { passed: counted.passed, failed: counted.failed + (silent ? 1 : 0), note: "" };
}

function vitest(project: string): string[] {
  return ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
}

function countVitest(): Count {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  } finally {
    rmSync(report, { force: true });
  }
}

// A doctest program prints how many cases it ran; any other test of ctest is one.
function countCtest({ output }: Ended): Count {
  const cases = [...output.matchAll(/^(\d+): .*test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed/gm)];
  const counted = new Set(cases.map((row) => row[1]));
  const whole = [...output.matchAll(/Test\s+#(\d+): .* (Passed|\*\*\*\S+)/g)].filter((row) => !counted.has(row[1]));
  const passed = whole.filter((row) => row[2] === "Passed").length;
  return cases.reduce((sum, row) => ({ passed: sum.passed + Number(row[2]), failed: sum.failed + Number(row[3]) }), {
    passed,
    failed: whole.length - passed,
  });
}
