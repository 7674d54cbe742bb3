/**
 * Screens a combinatorial library of drug-like molecules: enumerate, remove duplicates, compute properties, filter,
 * minimise, rank. Prints the best as a table and writes a report with their drawings.
 *
 *   heddle run examples/screening/screen.ts [--limit N | --molecules LIST] [--top N] [--out FILE] [--quiet]
 *   heddle run -n 8 examples/screening/screen.ts
 *
 * The `digest` it prints covers every result in the order of the library. It is the same on any number of ranks.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { app, range, run } from "heddle";
import { parse } from "./chemistry.ts";
import { conformerEnergy } from "./conformer.ts";
import { passes, scoreOf } from "./filter.ts";
import { librarySize, listed, scaffoldName, selected, smilesOf } from "./library.ts";
import { propertiesOf } from "./properties.ts";
import { type Molecule, report, type Screening } from "./report.ts";
import { table } from "./table.ts";

/** The canonical code of a molecule of the library: equal for two molecules only if they are the same. */
const canonicalCode = app("canonical code", (index: number) => parse(smilesOf(index)).getIDCode());
const properties = app("properties", (index: number) => propertiesOf(parse(smilesOf(index))));
const energy = app("conformer energy", (index: number) => conformerEnergy(smilesOf(index)));

const usage = `Usage: screen.ts [--limit N | --molecules LIST] [--top N] [--out FILE] [--quiet]
  --limit N         look at N molecules, spread evenly over the library of ${librarySize}
  --molecules LIST  look at these molecules of the library, like 10-19,4
  --top N           show the N best; default: 20
  --out FILE        where the report goes; default: screening-report.html
  --quiet           no progress bars`;

interface Options {
  indexes: number[];
  top: number;
  out: string;
  progress: boolean;
}

/** Options from the command line; null if only help was asked for. */
function options(): Options | null {
  const { values } = parseArgs({
    options: {
      limit: { type: "string", default: String(librarySize) },
      molecules: { type: "string" },
      top: { type: "string", default: "20" },
      out: { type: "string", default: "screening-report.html" },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > librarySize)
    throw new RangeError(`--limit is ${values.limit}; give an integer from 1 to ${librarySize}`);
  const top = Number(values.top);
  if (!Number.isInteger(top) || top < 1) throw new RangeError(`--top is ${values.top}; give an integer of 1 or more`);
  const indexes =
    values.molecules === undefined ? Array.from(range(limit), (k) => selected(k, limit)) : listed(values.molecules);
  return { indexes, top, out: values.out, progress: !values.quiet };
}

/** The indexes of molecules that no earlier molecule equals. */
function firstOfEach(indexes: readonly number[], codes: readonly string[]): number[] {
  const seen = new Set<string>();
  return indexes.filter((_, k) => {
    const code = codes[k] as string;
    return !seen.has(code) && seen.add(code);
  });
}

async function screen({ indexes, progress }: Options): Promise<Screening> {
  const codes = await canonicalCode.map(indexes, { progress });
  const distinct = firstOfEach(indexes, codes);

  const computed = await properties.map(distinct, { progress });
  const passed = distinct.flatMap((index, k) => {
    const found = computed[k];
    return found !== undefined && passes(found) ? [{ index, properties: found }] : [];
  });

  const energies = await energy.map(
    passed.map(({ index }) => index),
    { progress },
  );
  const ranked = passed.flatMap(({ index, properties: found }, k): Molecule[] => {
    const kcal = energies[k] ?? null;
    if (kcal === null) return []; // No conformer without clashes: nothing to rank.
    const smiles = smilesOf(index);
    const scaffold = scaffoldName(index);
    return [{ index, smiles, scaffold, ...found, energy: kcal, score: scoreOf(found, kcal) }];
  });
  ranked.sort((a, b) => b.score - a.score || a.index - b.index);
  const digest = createHash("sha256")
    .update(JSON.stringify([codes, computed, energies]))
    .digest("hex");
  return { enumerated: indexes.length, properties: computed, passed: passed.length, ranked, digest };
}

await run(async () => {
  const chosen = options();
  if (chosen === null) {
    console.log(usage);
    return;
  }
  const screening = await screen(chosen);
  const { enumerated, properties: all, passed, ranked, digest } = screening;
  console.log(`molecules  ${enumerated} enumerated, ${all.length} distinct, ${passed} passed the filter`);
  console.log(table(ranked.slice(0, chosen.top)));
  writeFileSync(chosen.out, report(screening, chosen.top));
  console.log(`report     ${chosen.out}`);
  console.log(`digest     ${digest.slice(0, 16)}`);
});
