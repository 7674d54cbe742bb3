/**
 * The combinatorial library: every scaffold with every choice of groups, numbered from 0.
 *
 * A number decides a molecule by arithmetic alone (mixed radix: scaffold, then one digit per attachment point), so
 * tasks need only their index, and every rank agrees on what index 12,345 is without being told.
 */
import { groups, type Scaffold, scaffolds } from "./building-blocks.ts";

/** How many molecules one scaffold gives. */
function combinations(scaffold: Scaffold): number {
  return scaffold.sites.reduce((product, site) => product * groups[site].length, 1);
}

/** Molecules in the library, those that can be made in two ways counted twice. */
export const librarySize: number = scaffolds.reduce((sum, one) => sum + combinations(one), 0);

/** The scaffold that molecule `index` is made from, and its number among that scaffold's molecules. */
function locate(index: number): { scaffold: Scaffold; rest: number } {
  if (!Number.isInteger(index) || index < 0 || index >= librarySize)
    throw new RangeError(`molecule ${index} is not in the library of ${librarySize}`);
  let rest = index;
  for (const scaffold of scaffolds) {
    const count = combinations(scaffold);
    if (rest < count) return { scaffold, rest };
    rest -= count;
  }
  throw new Error("the library's size does not match its scaffolds");
}

/** The name of the scaffold of molecule `index`. */
export function scaffoldName(index: number): string {
  return locate(index).scaffold.name;
}

/** Molecule `index` as SMILES. */
export function smilesOf(index: number): string {
  let { scaffold, rest } = locate(index);
  let smiles = scaffold.smiles;
  for (const [k, site] of scaffold.sites.entries()) {
    const choices = groups[site];
    const group = choices[rest % choices.length] as string;
    rest = Math.floor(rest / choices.length);
    smiles = smiles.replace(`{${k + 1}}`, group === "" ? "" : `(${group})`);
  }
  return smiles;
}

/**
 * Which molecules to look at: all, or `limit` of them spread evenly, so that a short run meets every scaffold.
 * Molecule `k` of the selection is molecule `selected(k, ...)` of the library.
 */
export function selected(k: number, limit: number): number {
  return Math.floor((k * librarySize) / limit);
}

/** The molecules that a list names, each as often as it does: `10-19,4` are those from 10 to 19, and 4. */
export function listed(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === undefined || last < first || last >= librarySize)
      throw new RangeError(`--molecules has "${part}"; give numbers below ${librarySize}, like 10-19,4`);
    return Array.from({ length: last - first + 1 }, (_, k) => first + k);
  });
}
