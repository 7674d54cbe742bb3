/**
 * Lint and format of both languages, and the house rules.
 *
 *   tsx scripts/lint.ts            checks
 *   tsx scripts/lint.ts --write    formats instead
 *
 * C++ is formatted by clang-format-19; where that is not installed, C++ format is left out and a line says so.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { local, run } from "./steps.ts";

const write = process.argv.includes("--write");
const outcomes = [(await run(local("biome"), write ? ["format", "--write", "."] : ["check", "."])).code];
outcomes.push(await clangFormat());
if (!write) outcomes.push((await run(local("tsx"), ["scripts/tidy.ts"])).code);
process.exitCode = outcomes.every((code) => code === 0) ? 0 : 1;

async function clangFormat(): Promise<number> {
  if (spawnSync("clang-format-19", ["--version"]).status !== 0) {
    console.log("clang-format-19 is not installed: C++ format not checked (apt-get install clang-format-19)");
    return 0;
  }
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "*.cc", "*.h"];
  const files = execFileSync("git", listed, { encoding: "utf8" }).split("\n").filter(Boolean);
  return (await run("clang-format-19", [...(write ? ["-i"] : ["--dry-run", "-Werror"]), ...files])).code;
}
