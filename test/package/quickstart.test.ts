// The first command of the README, in a fresh clone of what is committed. Without ccache the C++ compiler takes most of the time.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { repository, run } from "../helpers/run.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-quickstart-"));
const clone = join(folder, "heddle");
const limitMs = 900_000; // 90 s on two cores that have nothing else to do.

// What npm tells the scripts it runs is of this repository, not of the clone.
const ofNpm = Object.keys(process.env).filter((name) => /^npm_|^INIT_CWD$/i.test(name));
const env = { ...Object.fromEntries(ofNpm.map((name) => [name, null])), CCACHE_BASEDIR: clone };

afterAll(() => rmSync(folder, { recursive: true }));

test("npm run quickstart builds a clone and screens molecules", { timeout: limitMs }, async () => {
  execFileSync("git", ["clone", "--quiet", repository, clone]);
  // 38 molecules: the fewest of which one passes the filter.
  const command = ["npm", "run", "quickstart", "--", "--limit", "38"];
  const { code, stdout, stderr } = await run(command, { cwd: clone, env, timeoutMs: limitMs });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("molecules  38 enumerated, 38 distinct, 1 passed the filter\n");
  expect(stdout).toMatch(
    /^#\s+score\s.*\sSMILES\n1\s+0\.\d{3}\s.*\n+report {5}screening-report\.html\ndigest {5}[0-9a-f]{16}\n/m,
  );
  const page = readFileSync(join(clone, "screening-report.html"), "utf8");
  expect(page).toMatch(/^<!doctype html>/i);
  expect(page).toContain("<svg");
  expect(page).toMatch(/<\/html>\s*$/);
});
