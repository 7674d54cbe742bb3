/**
 * Builds, then runs every suite, and ends with the line "N passed, N failed". A suite that does not count its tests is one.
 *
 *   tsx scripts/check.ts          build, types, lint, layer rules, unit tests of both languages
 *   tsx scripts/check.ts --all    also MPI, integration and package tests (among those, the addon built by node-gyp)
 *
 * Where the machine or the user lacks something, what needs it is left out, and counts as failed, with the reason.
 */

import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missing } from "./needs.mjs";
import { type Ended, root, run } from "./steps.ts";
import { type Count, countCtest, plan, quick, type Suite, slow } from "./suites.ts";

const report = join(tmpdir(), `heddle-vitest-${process.pid}.json`);
const lacking = missing().map(({ name }) => name);
if (process.getuid?.() !== 0) lacking.push("root");
// What the clone of the package tests compiles is the same again.
if (!lacking.includes("ccache")) {
  Object.assign(process.env, { CMAKE_CXX_COMPILER_LAUNCHER: "ccache", CCACHE_BASEDIR: root, CCACHE_NOHASHDIR: "1" });
}
const total: Count = { passed: 0, failed: 0 };
const lines: string[] = [];

for (const suite of process.argv.includes("--all") ? [...quick, ...slow] : quick) {
  const began = Date.now();
  const { passed, failed, notes } = await runSuite(suite);
  total.passed += passed;
  total.failed += failed;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  lines.push(`${failed === 0 ? "ok    " : "FAILED"} ${suite.name}: ${passed} passed, ${failed} failed (${seconds} s)`);
  lines.push(...notes.map((note) => `         ${note}`));
  if (suite.name === "build" && failed > 0) break;
}
if (lines.some((line) => /needs .*\broot\b/.test(line))) lines.push("", "What needs root: sudo npm test");
console.log(`\n${lines.join("\n")}\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runSuite(suite: Suite): Promise<Count & { notes: string[] }> {
  const { steps, leftOut: notes } = plan(suite, lacking);
  if (steps.length === 0) return { passed: 0, failed: 1, notes };
  console.log(`\n== ${suite.name}`);
  for (const note of notes) console.log(note);
  let last: Ended = { code: 0, output: "" };
  for (const [k, [command, args]] of steps.entries()) {
    const counts = suite.count === "vitest" && k === steps.length - 1;
    last = await run(command, counts ? [...args, "--reporter=json", `--outputFile.json=${report}`] : args);
    if (last.code !== 0) break;
  }
  const counted = count(suite, last);
  // A crash, or nothing found to run, is a failure even if every test that was counted passed.
  const silent = counted.failed === 0 && (last.code !== 0 || counted.passed === 0);
  return { passed: counted.passed, failed: counted.failed + (silent ? 1 : 0) + notes.length, notes };
}

function count(suite: Suite, last: Ended): Count {
  if (suite.count === "vitest") return countVitest();
  if (suite.count === "ctest") return countCtest(last);
  return { passed: last.code === 0 ? 1 : 0, failed: 0 };
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
