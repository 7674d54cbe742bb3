/**
 * openchemlib's tables, and molecules from SMILES.
 *
 * openchemlib reads its tables of fragments and force fields only when told to: once in each worker, 10 ms. They are
 * also read here as text, because `fragments.ts` searches the predictors' fragments faster than the predictors do.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Molecule, Resources } from "openchemlib";

let tables: Record<string, string> | null = null;

/** All of openchemlib's tables, text by path. Registers them with openchemlib. */
export function allTables(): Record<string, string> {
  if (tables === null) {
    const main = createRequire(import.meta.url).resolve("openchemlib");
    const text = readFileSync(join(dirname(main), "resources.json"), "utf8");
    tables = JSON.parse(text) as Record<string, string>;
    Resources.register(tables);
  }
  return tables;
}

/** The lines of one table that are not empty. */
export function lines(name: string): string[] {
  const text = allTables()[`/resources/${name}`];
  if (text === undefined) throw new Error(`openchemlib has no table named ${name}`);
  return text.split(/\r?\n/).filter((line) => line !== "");
}

/**
 * A molecule from SMILES, without coordinates. The library leaves stereo centres open, and parsing without both is
 * several times as fast.
 */
export function parse(smiles: string): Molecule {
  return Molecule.fromSmiles(smiles, { noCoordinates: true, noStereo: true });
}
