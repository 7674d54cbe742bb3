/**
 * What the screening computes for every molecule, with openchemlib's models.
 *
 * Drug-likeness and toxicity flags are sums and hits over about 9,300 fragments. The fragments, their increments and the
 * search are openchemlib's; `fragments.ts` makes them fast enough for a whole library, and the tests hold the
 * results against openchemlib's own predictors.
 */
import { DrugScoreCalculator, type Molecule, MoleculeProperties } from "openchemlib";
import { lines } from "./chemistry.ts";
import { FragmentSet, type Graph, graph } from "./fragments.ts";

/** The four kinds of toxicity that openchemlib knows fragments for, with the letters of its tables. */
export const hazards = ["mutagenic", "tumorigenic", "irritant", "reproductive"] as const;
const TABLE_LETTERS = ["m", "t", "i", "r"] as const;

/** openchemlib's levels of risk. */
export const Risk = { none: 1, low: 2, high: 3 } as const;
export type Risk = (typeof Risk)[keyof typeof Risk];

export interface Properties {
  /** Relative molecular mass, g/mol. */
  mass: number;
  /** Decimal logarithm of the octanol/water partition coefficient. */
  logP: number;
  /** Decimal logarithm of the solubility in water, mol/l. */
  logS: number;
  /** Topological polar surface area, square angstroms. */
  polarSurface: number;
  donors: number;
  acceptors: number;
  rotatableBonds: number;
  heavyAtoms: number;
  /** Positive where fragments that are common in drugs prevail. */
  druglikeness: number;
  /** One level for each of `hazards`. */
  risks: Risk[];
  /** openchemlib's drug score, 0 to 1: mass, logP, logS, drug-likeness and risks in one number. */
  drugScore: number;
}

interface Tables {
  druglike: FragmentSet;
  increments: number[];
  toxic: { known: Set<string>; high: FragmentSet; low: FragmentSet }[];
}

let tables: Tables | null = null;

/** About a second of work, done once in each worker that gets a molecule. */
function load(): Tables {
  if (tables !== null) return tables;
  const rows = lines("druglikenessNoIndex.txt").map((line) => line.split("\t"));
  tables = {
    druglike: new FragmentSet(rows.map(([idcode]) => idcode as string)),
    increments: rows.map(([, increment]) => Number(increment)),
    toxic: TABLE_LETTERS.map((letter) => ({
      known: new Set(lines(`toxpredictor/${letter}3.txt`)),
      high: new FragmentSet(lines(`toxpredictor/${letter}1.txt`)),
      low: new FragmentSet(lines(`toxpredictor/${letter}2.txt`)),
    })),
  };
  return tables;
}

/** openchemlib's formula: strongly unfavourable fragments count in full, the others by the root of their number. */
function druglikeness(target: Graph): number {
  const { druglike, increments } = load();
  let nasty = 0;
  let sum = 0;
  let count = 0;
  for (const fragment of druglike.matches(target)) {
    const increment = increments[fragment] as number;
    if (increment < -1) nasty += increment;
    else {
      sum += increment;
      count += 1;
    }
  }
  if (count === 0) return -1;
  return nasty + sum / Math.sqrt(count) + 0.0625 * (count - 40);
}

function risks(target: Graph): Risk[] {
  const idcode = target.molecule.getIDCode();
  return load().toxic.map(({ known, high, low }) => {
    if (known.has(idcode) || high.anyIn(target)) return Risk.high;
    return low.anyIn(target) ? Risk.low : Risk.none;
  });
}

/** All properties of a molecule; see `Properties`. 2 to 5 ms. */
export function propertiesOf(molecule: Molecule): Properties {
  const target = graph(molecule);
  const models = new MoleculeProperties(molecule);
  const mass = molecule.getMolecularFormula().relativeWeight;
  const { logP, logS } = models;
  const likeness = druglikeness(target);
  const levels = risks(target);
  return {
    mass,
    logP,
    logS,
    polarSurface: models.polarSurfaceArea,
    donors: models.donorCount,
    acceptors: models.acceptorCount,
    rotatableBonds: models.rotatableBondCount,
    heavyAtoms: molecule.getAtoms(),
    druglikeness: likeness,
    risks: levels,
    drugScore: DrugScoreCalculator.calculate(logP, logS, mass, likeness, levels),
  };
}
