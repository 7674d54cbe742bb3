/**
 * The house rules that no linter knows: sizes of files and functions, layers, and the one list of C++ sources.
 *
 *   tsx scripts/tidy.ts          prints every breach, ends with 1 if there is one
 *   tsx scripts/tidy.ts --fix    also rewrites native/sources.txt
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";

const fileLinesMax = 400;
const functionLinesMax = 70;

/** What a folder may import besides itself. Imports point down only. */
const nativeLayers: Record<string, string[]> = {
  include: [], // What C programs see.
  base: [],
  scheduler: ["base"],
  transport: ["base"],
  guardian: ["base"],
  runtime: ["scheduler", "transport", "guardian", "base", "include"],
  sim: ["scheduler", "transport", "base"],
  addon: ["runtime", "scheduler", "transport", "base"],
};

/** From the top down; a folder may import what stands in a lower row. */
const sourceLayers: string[][] = [
  ["index", "cli"],
  ["apps"],
  ["dataflow"],
  ["executors", "memo", "staging", "compile"],
  ["worker"],
  ["blocks"],
  ["providers"],
  ["launchers", "channels"],
  ["futures", "serialize"],
  ["native"],
  ["monitoring"],
  ["errors"],
];

const notInScheduler =
  /^(chrono|thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|ctime|time\.h|random|fstream|filesystem|pthread\.h|unistd\.h|fcntl\.h|sys\/.*|netinet\/.*)$/;

/** Breaches of the rules in one file. Pure: `path` is relative to the repository. */
export function breaches(path: string, text: string): string[] {
  const lines = text.split("\n");
  const found: string[] = [];
  if (lines.length - 1 > fileLinesMax) found.push(`${path}: ${lines.length - 1} lines; the limit is ${fileLinesMax}`);
  if (/\.(cc|h)$/.test(path)) found.push(...nativeImports(path, lines), ...longFunctions(path, lines));
  if (/^src\/.*\.ts$/.test(path) && !path.endsWith(".test.ts")) found.push(...sourceImports(path, lines));
  return found;
}

function nativeImports(path: string, lines: string[]): string[] {
  const layer = /^native\/([a-z]+)\//.exec(path)?.[1];
  if (layer === undefined) return [];
  const allowed = nativeLayers[layer];
  if (allowed === undefined) return [`${path}: native/${layer} is no layer; see docs/ARCHITECTURE.md`];
  const found: string[] = [];
  lines.forEach((line, index) => {
    const include = /^\s*#\s*include\s+[<"]([^>"]+)[>"]/.exec(line)?.[1];
    if (include === undefined) return;
    const where = `${path}:${index + 1}`;
    const target = include.split("/")[0] ?? "";
    if (line.includes('"') && target !== layer && target in nativeLayers && !allowed.includes(target)) {
      found.push(`${where}: ${layer} must not include ${include}`);
    }
    if (include === "mpi.h" && !path.startsWith("native/transport/mpi/")) {
      found.push(`${where}: only native/transport/mpi includes <mpi.h>`);
    }
    if (layer === "scheduler" && line.includes("<") && notInScheduler.test(include) && !path.endsWith("_test.cc")) {
      found.push(`${where}: the scheduler has no clock, thread, socket, file or random source: <${include}>`);
    }
  });
  return found;
}

// A function is a line with parentheses that opens a brace, up to the brace at the same indentation.
function longFunctions(path: string, lines: string[]): string[] {
  if (path.endsWith("_test.cc")) return [];
  const found: string[] = [];
  lines.forEach((line, index) => {
    const head = /^(\s*)(?!namespace|class|struct|enum|union|extern|if|for|while|switch|else|do\b|\/\/)[^\s].*\{$/.exec(
      line,
    );
    const opens = head !== null && /[)\]]|^\s*(const|noexcept|override)/.test(line);
    if (!opens || head[1] === undefined || head[1].length > 4) return;
    const closing = `${head[1]}}`;
    const length = lines.slice(index + 1).findIndex((next) => next.startsWith(closing)) + 2;
    if (length > functionLinesMax)
      found.push(`${path}:${index + 1}: ${length} lines in one function; the limit is ${functionLinesMax}`);
  });
  return found;
}

function sourceImports(path: string, lines: string[]): string[] {
  const from = layerOf(path);
  const level = levelOf(from);
  if (level === -1) return [`${path}: src/${from} is no layer; see scripts/tidy.ts`];
  const found: string[] = [];
  lines.forEach((line, index) => {
    const target = /(?:from|import\()\s*"(\.[^"]+)"/.exec(line)?.[1];
    if (target === undefined) return;
    const to = layerOf(normalize(join(dirname(path), target)));
    if (to === from) return;
    if (levelOf(to) <= level) found.push(`${path}:${index + 1}: ${from} must not import ${target} (${to})`);
  });
  return found;
}

function layerOf(path: string): string {
  const name = (path.split("/")[1] ?? "").replace(/\.ts$/, "");
  return /^error-/.test(name) ? "errors" : name;
}

function levelOf(layer: string): number {
  return sourceLayers.findIndex((row) => row.includes(layer));
}

/** The C++ files of the addon, by the rule that native/sources.txt follows. */
export function addonSources(files: string[]): string {
  const own = /^native\/(base|scheduler|transport|transport\/threads|runtime|runtime\/.*|addon)\/[a-z0-9_]+\.cc$/;
  return files
    .filter((file) => own.test(file) && !file.endsWith("_test.cc"))
    .sort()
    .map((file) => `${file}\n`)
    .join("");
}

function main(): void {
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  const files = list.split("\n").filter((file) => existsSync(file));
  const found = files
    .filter((file) => /\.(ts|mjs|cc|h)$/.test(file))
    .flatMap((file) => breaches(file, readFileSync(file, "utf8")));
  const sources = addonSources(files);
  if (readFileSync("native/sources.txt", "utf8") !== sources) {
    if (process.argv.includes("--fix")) writeFileSync("native/sources.txt", sources);
    else found.push("native/sources.txt: not the list of the C++ files; run `npx tsx scripts/tidy.ts --fix`");
  }
  for (const breach of found) console.error(breach);
  console.log(`tidy: ${files.length} files, ${found.length} breaches`);
  process.exitCode = found.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
