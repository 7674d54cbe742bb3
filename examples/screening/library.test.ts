import { Molecule } from "openchemlib";
import { expect, test, vi } from "vitest";
import { scaffolds } from "./building-blocks.ts";
import { parse } from "./chemistry.ts";
import { librarySize, listed, scaffoldName, selected, smilesOf } from "./library.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Has an atom more bonds than its element can have? */
function overfull(molecule: Molecule): boolean {
  molecule.ensureHelperArrays(Molecule.cHelperNeighbours);
  for (let atom = 0; atom < molecule.getAllAtoms(); atom++)
    if (molecule.getOccupiedValence(atom) > molecule.getMaxValence(atom)) return true;
  return false;
}

test("a pentavalent carbon would be noticed", () => {
  expect(overfull(parse("CC(C)(C)(C)C"))).toBe(true);
});

test("the library has at least 20,000 molecules that are valid and differ", () => {
  const codes = new Set<string>();
  const impossible: string[] = [];
  for (let index = 0; index < librarySize; index++) {
    const molecule = parse(smilesOf(index));
    if (overfull(molecule)) impossible.push(smilesOf(index));
    codes.add(molecule.getIDCode());
  }
  expect(impossible).toEqual([]);
  expect(codes.size).toBeGreaterThanOrEqual(20_000);
  expect(codes.size).toBeLessThan(librarySize); // Symmetric scaffolds give some molecules twice.
});

test("an index always means the same molecule", () => {
  expect(smilesOf(0)).toBe("O=C(c1ccccc1)N1CCNCC1");
  expect(smilesOf(17)).toBe(smilesOf(17));
  expect(scaffoldName(0)).toBe("benzoylpiperazine");
  expect(scaffoldName(librarySize - 1)).toBe("aryl piperidine carboxamide");
});

test("hydrogen leaves no trace, other groups come in brackets right after their atom", () => {
  expect(smilesOf(1)).toBe("O=C(c1cc(F)ccc1)N1CCNCC1");
  expect(smilesOf(14)).toBe("O=C(c1ccccc1)N1CCN(C)CC1");
});

test("an index outside of the library is an error that names it", () => {
  expect(() => smilesOf(librarySize)).toThrow(`molecule ${librarySize} is not in the library`);
  expect(() => smilesOf(-1)).toThrow("molecule -1");
  expect(() => smilesOf(0.5)).toThrow("molecule 0.5");
});

test("a short selection has no molecule twice and meets every scaffold", () => {
  const picked = Array.from({ length: 1_000 }, (_, k) => selected(k, 1_000));
  expect(new Set(picked).size).toBe(1_000);
  expect(new Set(picked.map(scaffoldName)).size).toBe(scaffolds.length);
});

test("a selection of the whole library is the library", () => {
  expect(selected(12_345, librarySize)).toBe(12_345);
});

test("a list names molecules and ranges of them, in its own order", () => {
  expect(listed("10-12,4,24083")).toEqual([10, 11, 12, 4, 24_083]);
});

test.each(["", "a", "3-1", "24084", "1,,2", "-1", "1.5"])(
  "the list %j is an error that shows what is wrong",
  (text) => {
    expect(() => listed(text)).toThrow("--molecules has ");
  },
);
