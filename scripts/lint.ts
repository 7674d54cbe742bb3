/**
 * Lint and format of both languages, and the house rules.
 *
 *   tsx scripts/lint.ts            checks; --no-cpp leaves out the format of C++, --only-cpp all but that
 *   tsx scripts/lint.ts --write    formats instead
 *
 * C++ is formatted by clang-format-19. Where that is not installed, a check fails: nothing may look checked that is not.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { local, run } from "./steps.ts";

const write = process.argv.includes("--write");
const outcomes: number[] = [];
if (!process.argv.includes("--only-cpp")) {
  outcomes.push((await run(local("biome"), write ? ["format", "--write", "."] : ["check", "."])).code);
  if (!write) outcomes.push((await run(local("tsx"), ["scripts/tidy.ts"])).code);
}
if (!process.argv.includes("--no-cpp")) outcomes.push(await clangFormat());
process.exitCode = outcomes.every((code) => code === 0) ? 0 : 1;

async function clangFormat(): Promise<number> {
  if (spawnSync("clang-format-19", ["--version"]).status !== 0) {
    console.error(
      `clang-format-19 is not installed: C++ ${write ? "not formatted" : "format not checked"}\n  fix: apt-get install clang-format-19`,
    );
    return write ? 0 : 1;
  }
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "*.cc", "*.h"];
  const files = execFileSync("git", listed, { encoding: "utf8" }).split("\n").filter(Boolean);
  return (await run("clang-format-19", [...(write ? ["-i"] : ["--dry-run", "-Werror"]), ...files])).code;
}
