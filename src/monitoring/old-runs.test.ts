import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeOldRuns } from "./old-runs.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "heddle-runs-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

const here = hostname();
const self = { hostname: here, pid: process.pid };
const gone = spawnSync("true").pid;

function runOf(name: string, writer: object | null, ended: boolean): void {
  mkdirSync(join(parent, name, "outputs"), { recursive: true });
  writeFileSync(join(parent, name, "outputs", "0.stdout"), "x");
  if (writer !== null) writeFileSync(join(parent, name, "config.json"), JSON.stringify(writer));
  if (ended) writeFileSync(join(parent, name, "summary.json"), "{}");
}

test("old runs that have ended go, and no other", async () => {
  runOf("000", { hostname: here, pid: gone }, true);
  runOf("001", { hostname: here, pid: gone }, false); // It was killed.
  runOf("002", { hostname: here, pid: process.ppid }, true); // Its process lives, whatever it does.
  runOf("003", { hostname: "elsewhere", pid: gone }, false); // Nobody here knows.
  runOf("004", { hostname: "elsewhere", pid: 1 }, true);
  runOf("005", null, false); // It begins.
  runOf("006", self, true);
  runOf("007", self, false);
  runOf("998", { hostname: here, pid: gone }, true);
  runOf("1000", { hostname: here, pid: gone }, true);
  mkdirSync(join(parent, "010-kept"));
  mkdirSync(join(parent, ".old-999", "half"), { recursive: true });
  expect(await removeOldRuns(parent, 2, self)).toEqual(["006", "004", "001", "000"]);
  expect(readdirSync(parent).sort()).toEqual(["002", "003", "005", "007", "010-kept", "1000", "998"].sort());
  expect(await removeOldRuns(parent, 2, self)).toEqual([]);
});
