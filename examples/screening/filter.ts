/**
 * Which molecules are worth a conformer, and which of those are best.
 *
 * The windows are the usual ones for leads: absorbed when swallowed (Lipinski), able to pass membranes (Veber), and small
 * and polar enough to leave room for changes (lead-likeness). No sign of toxicity is tolerated. The two thresholds at the
 * end are openchemlib's own scores, set so that about one molecule in 500 of this library passes.
 */
import { type Properties, Risk } from "./properties.ts";

/** The properties that have a window, in the order in which they are shown. */
export type Windowed =
  | "mass"
  | "logP"
  | "logS"
  | "polarSurface"
  | "donors"
  | "acceptors"
  | "rotatableBonds"
  | "druglikeness"
  | "drugScore";

/** The least and the greatest value that passes, ends included. */
export const windows: Readonly<Record<Windowed, readonly [number, number]>> = {
  mass: [300, 400],
  logP: [1, 3],
  logS: [-4, Number.POSITIVE_INFINITY],
  polarSurface: [0, 90],
  donors: [0, 5],
  acceptors: [0, 10],
  rotatableBonds: [0, 4],
  druglikeness: [8.5, Number.POSITIVE_INFINITY],
  drugScore: [0.9, 1],
};

/** Within all windows and free of all four risks. */
export function passes(properties: Properties): boolean {
  const inside = Object.entries(windows).every(([name, [least, greatest]]) => {
    const value = properties[name as Windowed];
    return value >= least && value <= greatest;
  });
  return inside && properties.risks.every((risk) => risk === Risk.none);
}

/** Subtracted from the score for each kcal/mol of MMFF94 energy per heavy atom. */
export const ENERGY_WEIGHT = 0.02;

/**
 * The score that ranks molecules: openchemlib's drug score (0 to 1), less a penalty for strain. Energies of different
 * molecules are not comparable as such; per heavy atom they tell relaxed structures from tense ones, so the weight is small.
 */
export function scoreOf(properties: Properties, energy: number): number {
  const strain = Math.max(0, energy / properties.heavyAtoms);
  return properties.drugScore - ENERGY_WEIGHT * strain;
}
