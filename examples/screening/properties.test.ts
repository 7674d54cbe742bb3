import { DruglikenessPredictor, ToxicityPredictor } from "openchemlib";
import { beforeAll, expect, test, vi } from "vitest";
import { allTables, parse } from "./chemistry.ts";
import { librarySize, smilesOf } from "./library.ts";
import { propertiesOf, Risk } from "./properties.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const aspirin = "CC(=O)Oc1ccccc1C(=O)O";
const caffeine = "Cn1c(=O)c2c(ncn2C)n(C)c1=O";
const gefitinib = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1";

beforeAll(() => {
  propertiesOf(parse("C")); // Reads and prepares the tables of fragments.
});

test("known molecules have their known masses and counts", () => {
  const found = propertiesOf(parse(aspirin));
  expect(found.mass).toBeCloseTo(180.16, 2); // C9H8O4
  expect(found.polarSurface).toBeCloseTo(63.6, 1); // Ertl's value
  expect(found).toMatchObject({ donors: 1, acceptors: 4, rotatableBonds: 3, heavyAtoms: 13 });
  expect(propertiesOf(parse(caffeine)).mass).toBeCloseTo(194.19, 2); // C8H10N4O2
  expect(propertiesOf(parse(gefitinib)).mass).toBeCloseTo(446.91, 2); // C22H24ClFN4O3
});

test("known molecules have plausible logP and logS", () => {
  expect(propertiesOf(parse(aspirin)).logP).toBeCloseTo(1.13, 2); // measured: 1.19
  expect(propertiesOf(parse(caffeine)).logP).toBeCloseTo(-0.18, 2); // measured: -0.07
  expect(propertiesOf(parse(gefitinib)).logS).toBeCloseTo(-5.06, 2);
});

test("known poisons are flagged, with the kind of harm", () => {
  expect(propertiesOf(parse("c1ccccc1")).risks).toEqual([Risk.high, Risk.high, Risk.high, Risk.high]); // benzene
  expect(propertiesOf(parse(gefitinib)).risks).toEqual([Risk.none, Risk.none, Risk.none, Risk.none]);
});

test("drug-likeness and risks are exactly those of openchemlib's own predictors", () => {
  allTables();
  const likeness = new DruglikenessPredictor();
  const toxicity = new ToxicityPredictor();
  const others = [aspirin, "O=[N+]([O-])c1ccccc1C=CC(N)=O", "CC(C)NC(=O)c1ccc(cc1)N1CCN(C)CC1"];
  const some = Array.from({ length: 3 }, (_, k) => smilesOf(Math.floor(((k + 0.5) * librarySize) / 3)));
  for (const smiles of [...others, ...some]) {
    const molecule = parse(smiles);
    const found = propertiesOf(molecule);
    expect(found.druglikeness, smiles).toBe(likeness.assessDruglikeness(molecule));
    const risks = [0, 1, 2, 3].map((kind) => toxicity.assessRisk(molecule, kind));
    expect(found.risks, smiles).toEqual(risks);
  }
});
