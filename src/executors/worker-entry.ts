/**
 * How a worker thread, and a process for isolated tasks, is started. Where TypeScript is loaded by tsx: Node 20 does not carry the loader of `--import tsx`
 * into threads, so a few lines of JavaScript register it before anything else is imported.
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { WorkerOptions } from "node:worker_threads";
import { guardianPath } from "../native/load.ts";
import { stagedFolder, stagedNames } from "../native/staged.ts";

// Sources run as .ts under tsx, and as .js once compiled.
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const entry = new URL(`../worker/main.${extension}`, import.meta.url);

export interface WorkerEntry {
  filename: string | URL;
  options: WorkerOptions;
}

/** What `new Worker` is to be given. */
export function workerEntry(): WorkerEntry {
  const staged = stagedFolder();
  if (staged !== null) return { filename: join(staged, stagedNames.worker), options: {} };
  const loader = tsxApi(process.execArgv);
  if (loader === null) return { filename: entry, options: {} };
  const code = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(entry.href)}); })`;
  return {
    filename: code,
    options: { eval: true, execArgv: process.execArgv.filter((flag) => !/^(-e|--eval|-p|--print)$/.test(flag)) },
  };
}

/** The command of a process for isolated tasks, below a guardian. */
export function isolatedCommand(): string[] {
  const staged = stagedFolder();
  // Of the flags that this process was started with: not those for another program, nor ports that it has taken.
  const flags = process.execArgv.filter((flag) => !/^(-e|--eval|-p|--print)$|^--inspect/.test(flag));
  const main = staged === null ? fileURLToPath(entry) : join(staged, stagedNames.worker);
  return [guardianPath(), "--isolated", process.execPath, ...flags, main];
}

/** URL of tsx's API where the program, or Heddle itself, is loaded through tsx; else null. */
function tsxApi(execArgv: readonly string[]): string | null {
  const url = execArgv.find((flag) => /^(--import=)?file:.*\/tsx\/dist\/loader\.mjs$/.test(flag));
  if (url !== undefined) return new URL("esm/api/index.mjs", url.replace(/^--import=/, "")).href;
  const bare = execArgv.some(
    (flag, k) => flag === "--import=tsx" || (flag === "tsx" && execArgv[k - 1] === "--import"),
  );
  if (!bare && extension === "js") return null;
  const from = bare ? `${process.cwd()}/` : import.meta.url;
  return pathToFileURL(
    createRequire(from)
      .resolve("tsx/esm/api")
      .replace(/\.cjs$/, ".mjs"),
  ).href;
}
