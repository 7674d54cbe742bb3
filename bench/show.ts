/** Lines for people. */

import type { Line } from "./bench.ts";
import { median, significant } from "./statistics.ts";

const known = new Set(["bench", "case", "ranks", "workers", "shares", "shares_ok", "smoke"]);

/** One line: the place, then each figure with its name. */
export function show(line: Line): string {
  const place = `${line.bench} ${line.case}`.padEnd(20);
  const where = `${line.ranks} rank${line.ranks === 1 ? "" : "s"} x ${line.workers}`.padEnd(13);
  const figures = Object.entries(line).filter(([name]) => !known.has(name));
  const shares =
    line.shares === undefined
      ? ""
      : `  shares ${line.shares.join(" ")}${line.shares_ok === false ? "  DOES NOT COUNT" : ""}`;
  return `${place}${where}${figures.map(([name, value]) => `${name} ${readable(value)}`).join("  ")}${shares}`;
}

/** 12,300,000 as 12.3 M. */
export function readable(value: unknown): string {
  if (typeof value !== "number") return String(value);
  if (Math.abs(value) >= 1e9) return `${significant(value / 1e9)} G`;
  if (Math.abs(value) >= 1e6) return `${significant(value / 1e6)} M`;
  if (Math.abs(value) >= 1e4) return `${significant(value / 1e3)} k`;
  return String(value);
}

/** Lines of the same case from several starts as one: medians of the numbers, and how many there were. */
export function medianLine(lines: readonly Line[]): Line {
  const [first] = lines;
  if (first === undefined) throw new RangeError("no lines");
  const out: Line = { ...first, rounds: lines.length };
  for (const [name, value] of Object.entries(first)) {
    if (typeof value !== "number" || name === "rounds") continue;
    out[name] = significant(median(lines.map((line) => Number(line[name]))));
  }
  return out;
}
