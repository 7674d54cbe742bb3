/** The best molecules as an aligned table for a terminal. */
import type { Molecule } from "./report.ts";

interface Column {
  head: string;
  cell: (molecule: Molecule, place: number) => string;
  left?: boolean;
}

const columns: readonly Column[] = [
  { head: "#", cell: (_, place) => String(place) },
  { head: "score", cell: (m) => m.score.toFixed(3) },
  { head: "drug score", cell: (m) => m.drugScore.toFixed(3) },
  { head: "drug-like", cell: (m) => m.druglikeness.toFixed(2) },
  { head: "mass", cell: (m) => m.mass.toFixed(2) },
  { head: "logP", cell: (m) => m.logP.toFixed(2) },
  { head: "logS", cell: (m) => m.logS.toFixed(2) },
  { head: "PSA", cell: (m) => m.polarSurface.toFixed(1) },
  { head: "MMFF94", cell: (m) => m.energy.toFixed(2) },
  { head: "scaffold", cell: (m) => m.scaffold, left: true },
  { head: "SMILES", cell: (m) => m.smiles, left: true },
];

/** One line for each molecule below a line of headings. */
export function table(molecules: readonly Molecule[]): string {
  const rows = [
    columns.map(({ head }) => head),
    ...molecules.map((molecule, k) => columns.map(({ cell }) => cell(molecule, k + 1))),
  ];
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, c) => (columns[c]?.left ? text.padEnd(widths[c] ?? 0) : text.padStart(widths[c] ?? 0)))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
