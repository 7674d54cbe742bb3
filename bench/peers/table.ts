/** The lines of `peers`, set beside each other. */

import type { Line } from "../bench.ts";
import { readable } from "../show.ts";
import { significant } from "../statistics.ts";

const REFERENCE = "Heddle";

const columns: { case: string; head: string; figure: string }[] = [
  { case: "empty", head: "empty, tasks/s", figure: "tasks_per_s" },
  { case: "calls", head: "calls, tasks/s", figure: "tasks_per_s" },
  { case: "latency", head: "latency, us", figure: "p50_us" },
  { case: "shell", head: "shell, commands/s", figure: "tasks_per_s" },
  { case: "skewed", head: "skewed, efficiency", figure: "efficiency" },
];

/** Adds to each line of a peer its figure over Heddle's of the same case. */
export function withRatios(lines: readonly Line[]): Line[] {
  return lines.map((line) => {
    const reference = lines.find((one) => one["peer"] === REFERENCE && one.case === line.case);
    const [own, other] = [figureOf(line), reference && figureOf(reference)];
    return line === reference || own === undefined || other === undefined
      ? line
      : { ...line, ratio: significant(own / other) };
  });
}

/** A row for each peer, a column for each case that was measured; in parentheses the ratio to Heddle. */
export function showTable(lines: readonly Line[]): string {
  const shown = columns.filter((column) => lines.some((line) => line.case === column.case));
  const names = [...new Set(lines.map((line) => String(line["peer"])))];
  const rows = names.map((name) => {
    const own = lines.filter((line) => line["peer"] === name);
    const [first] = own;
    if (first?.case === "missing") return [name, `missing (${first["from"]})`];
    if (first?.case === "failed") return [name, `failed: ${first["reason"]}`];
    return [
      `${name} ${first?.["version"]}`,
      ...shown.map((column) => cell(own.find((line) => line.case === column.case))),
    ];
  });
  const { ranks, workers } = lines[0] as Line;
  return `${aligned([[`${ranks} rank x ${workers}`, ...shown.map(({ head }) => head)], ...rows])}
in parentheses: times Heddle's figure; -: the peer has no such work, or no way to it`;
}

function figureOf(line: Line): number | undefined {
  const value = line[columns.find((column) => column.case === line.case)?.figure ?? ""];
  return typeof value === "number" ? value : undefined;
}

function cell(line: Line | undefined): string {
  if (line === undefined) return "-";
  const ratio = line["ratio"] === undefined ? "" : ` (${line["ratio"]})`;
  return `${readable(figureOf(line))}${ratio}`;
}

/** Columns as wide as their widest cell; a last cell that stands alone in its row (missing, failed) widens none. */
function aligned(rows: readonly string[][]): string {
  const [head] = rows as [string[]];
  const widths = head.map((_, k) =>
    Math.max(...rows.filter((row) => row.length === head.length || k === 0).map((row) => row[k]!.length)),
  );
  return rows
    .map((row) => row.map((text, k) => (k === row.length - 1 ? text : text.padEnd(widths[k]!))).join("  "))
    .join("\n");
}
