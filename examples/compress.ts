/**
 * A command for each of many files: how well does the source code of a project compress?
 *
 *   heddle run examples/compress.ts [FOLDER] [--keep FOLDER]
 *
 * For each file a shell pipeline writes its compressed form to an output file and prints three numbers. Commands run in
 * process slots of every rank, with no JavaScript between two of them. Over several hosts, FOLDER must be one that
 * all of them see.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bashApp, run } from "heddle";

const KINDS = new Set([".ts", ".js", ".mjs", ".cc", ".c", ".h", ".hpp", ".py", ".java", ".md", ".json", ".txt"]);
const SKIPPED = new Set(["node_modules", "build", "dist"]);

/** Values are quoted for the shell, so names may hold anything. */
const compress = bashApp(
  "compress",
  "set -e; gzip -9 -n -c {file} > {out}; wc -c < {file}; wc -c < {out}; wc -l < {file}",
  { walltime: 60 },
);

interface Job extends Record<string, string> {
  file: string;
  out: string;
}

/** The files below `folder`, in a fixed order. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith(".") || SKIPPED.has(entry.name) ? [] : filesIn(path);
    return entry.isFile() && KINDS.has(extname(entry.name)) ? [path] : [];
  });
}

interface Sum {
  files: number;
  bytes: number;
  compressed: number;
  lines: number;
}

function add(sums: Map<string, Sum>, kind: string, [bytes = 0, compressed = 0, lines = 0]: number[]): void {
  const old = sums.get(kind) ?? { files: 0, bytes: 0, compressed: 0, lines: 0 };
  sums.set(kind, {
    files: old.files + 1,
    bytes: old.bytes + bytes,
    compressed: old.compressed + compressed,
    lines: old.lines + lines,
  });
}

function print(sums: Map<string, Sum>): void {
  const cells = (name: string, { files, bytes, compressed, lines }: Sum): string[] => {
    const ratio = compressed === 0 ? "-" : (bytes / compressed).toFixed(2);
    return [name, ...[files, lines, bytes, compressed].map((n) => n.toLocaleString("en-US")), ratio];
  };
  const kinds = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = [["kind", "files", "lines", "bytes", "gzip", "ratio"], ...kinds.map(([name, sum]) => cells(name, sum))];
  const widths = (rows[0] as string[]).map((_, c) => Math.max(...rows.map((row) => (row[c] as string).length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[c] as number)))
        .join("  "),
    );
}

await run(async () => {
  const { values, positionals } = parseArgs({ options: { keep: { type: "string" } }, allowPositionals: true });
  const folder = resolve(positionals[0] ?? ".");
  const kept = values.keep === undefined ? null : resolve(values.keep);
  if (kept !== null) mkdirSync(kept, { recursive: true });
  const output = kept ?? mkdtempSync(join(tmpdir(), "compress-"));
  try {
    const jobs = filesIn(folder).map(
      (file, k): Job => ({ file, out: join(output, `${String(k).padStart(6, "0")}.gz`) }),
    );
    const sums = new Map<string, Sum>();
    for (const outcome of await compress.map(jobs, { progress: true }).settled()) {
      const { file } = jobs[outcome.index] as Job;
      if (outcome.status === "rejected") {
        process.exitCode = 1;
        console.error(`${relative(folder, file)}: ${outcome.reason.message}`);
        continue;
      }
      const numbers = outcome.value.stdout.split("\n").map(Number);
      add(sums, extname(file), numbers);
      add(sums, "total", numbers);
    }
    print(sums);
  } finally {
    if (kept === null) rmSync(output, { recursive: true, force: true });
  }
});
