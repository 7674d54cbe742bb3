import { Molecule } from "openchemlib";
import { expect, test, vi } from "vitest";
import { lines, parse } from "./chemistry.ts";
import { FragmentSet, graph } from "./fragments.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** SMILES as the idcode of a fragment: open valences may carry anything. */
function fragment(smiles: string): string {
  const molecule = parse(smiles);
  molecule.setFragment(true);
  return molecule.getIDCode();
}

function hasWildcard(idcode: string): boolean {
  const molecule = Molecule.fromIDCode(idcode, false);
  const atoms = Array.from({ length: molecule.getAllAtoms() }, (_, atom) => atom);
  const bonds = Array.from({ length: molecule.getAllBonds() }, (_, bond) => bond);
  const open = atoms.some((atom) => molecule.getAtomList(atom) !== null || molecule.getAtomicNo(atom) === 0);
  return open || bonds.some((bond) => molecule.getBondQueryFeatures(bond) !== 0);
}

test("a set names the fragments that occur, in the order of the list", () => {
  const set = new FragmentSet(["c1ccccc1", "C#N", "C(=O)N", "CCl", "C(=O)O"].map(fragment));
  expect([...set.matches(graph(parse("O=C(Nc1ccccc1)c1ccccc1C#N")))]).toEqual([0, 1, 2]);
  expect(set.anyIn(graph(parse("CCO")))).toBe(false);
});

test("single and aromatic bonds are told apart", () => {
  const set = new FragmentSet(["C1CCCCC1", "c1ccccc1"].map(fragment));
  expect([...set.matches(graph(parse("C1CCCCC1")))]).toEqual([0]);
  expect([...set.matches(graph(parse("c1ccccc1")))]).toEqual([1]);
});

test("a ring is no chain, and no two atoms of a fragment match one atom", () => {
  const set = new FragmentSet(["C1CC1", "CCCCCC"].map(fragment));
  expect([...set.matches(graph(parse("CCCC")))]).toEqual([]);
  expect([...set.matches(graph(parse("CCCCCCC")))]).toEqual([1]);
});

test("openchemlib's tables are as the quick tests need them: one element an atom, one order a bond", () => {
  const names = ["m", "t", "i", "r"].flatMap((kind) => [`toxpredictor/${kind}1.txt`, `toxpredictor/${kind}2.txt`]);
  const idcodes = [
    ...lines("druglikenessNoIndex.txt").map((line) => line.split("\t")[0] as string),
    ...names.flatMap(lines),
  ];
  expect(idcodes.length).toBeGreaterThan(9_000);
  expect(idcodes.filter(hasWildcard)).toEqual([]);
});
