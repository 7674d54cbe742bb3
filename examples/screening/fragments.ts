/**
 * Which of some thousand fragments occur in a molecule?
 *
 * openchemlib's predictors parse every fragment anew and search it with all chemistry's subtleties, 0.8 s for one
 * molecule. Here each fragment is parsed once, and two quick tests go first: every chain of up to three atoms of the
 * fragment must be in the molecule, and a plain search must find the fragment by elements, bonds and numbers of
 * neighbours. openchemlib then decides about the few that are left: the answers are its own, 400 times as fast.
 *
 * Always holds: both tests ask for less than openchemlib does, so they never reject a fragment that matches. They
 * rely on what its tables are like: atoms have one element and bonds one order, with no wildcards.
 */
import { Molecule, SSSearcher } from "openchemlib";

/** Elements with a label of their own; 0 stands for all others, and the quick tests let it match anything. */
const LABELS = new Map([6, 7, 8, 16, 9, 17, 35, 53, 15, 5, 14, 34].map((z, k) => [z, k + 1]));
const CHAINS = 1 << 16; // three labels of 4 bits and two bonds of 2 bits

/** A molecule or fragment as the quick tests see it. */
export interface Graph {
  readonly molecule: Molecule;
  readonly labels: number[];
  /** Neighbours of each atom, hydrogen left out. */
  readonly neighbours: { atom: number; bond: number }[][];
  /** The chains of one to three atoms, as numbers below CHAINS. */
  readonly chains: Set<number>;
}

/** 1 to 4 for a single, double, triple or delocalised bond; 0 for any other. */
function bondLabel(molecule: Molecule, bond: number): number {
  if (molecule.isDelocalizedBond(bond)) return 4;
  const order = molecule.getBondOrder(bond);
  return order >= 1 && order <= 3 ? order : 0;
}

function chainsOf(labels: number[], neighbours: Graph["neighbours"]): Set<number> {
  const chains = new Set<number>();
  for (const [first, label] of labels.entries()) {
    if (label === 0) continue;
    chains.add(label);
    for (const { atom: second, bond } of neighbours[first] ?? []) {
      const next = labels[second] ?? 0;
      if (bond === 0 || next === 0) continue;
      const pair = label * 64 + (bond - 1) * 16 + next;
      chains.add(pair);
      for (const { atom: third, bond: far } of neighbours[second] ?? []) {
        const end = labels[third] ?? 0;
        if (third === first || far === 0 || end === 0) continue;
        chains.add(pair * 64 + (far - 1) * 16 + end);
      }
    }
  }
  return chains;
}

/** Prepares a molecule or a fragment. O(atoms). */
export function graph(molecule: Molecule): Graph {
  molecule.ensureHelperArrays(Molecule.cHelperRings);
  const atoms = Array.from({ length: molecule.getAtoms() }, (_, atom) => atom);
  const labels = atoms.map((atom) => LABELS.get(molecule.getAtomicNo(atom)) ?? 0);
  const neighbours = atoms.map((atom) =>
    Array.from({ length: molecule.getConnAtoms(atom) }, (_, k) => ({
      atom: molecule.getConnAtom(atom, k),
      bond: bondLabel(molecule, molecule.getConnBond(atom, k)),
    })),
  );
  return { molecule, labels, neighbours, chains: chainsOf(labels, neighbours) };
}

/** One atom of a fragment, in the order of the search. */
interface Step {
  readonly label: number;
  readonly degreeMin: number;
  readonly degreeMax: number;
  /** Earlier steps that this atom is bonded to; the first one leads here. */
  readonly links: { step: number; bond: number }[];
}

function stepOf(fragment: Graph, atom: number, place: ReadonlyMap<number, number>): Step {
  const around = fragment.neighbours[atom] ?? [];
  const wants = fragment.molecule.getAtomQueryFeaturesObject(atom);
  const degree = around.length;
  const links = around.flatMap(({ atom: other, bond }) => {
    const step = place.get(other);
    return step === undefined ? [] : [{ step, bond }];
  });
  return {
    label: fragment.labels[atom] ?? 0,
    degreeMin: wants.moreNeighbours ? degree + 1 : degree,
    degreeMax: wants.noMoreNeighbours ? degree : 99,
    links,
  };
}

/** The order of the search: from one atom outwards. Empty, so that it finds anything, where there are several parts. */
function plan(fragment: Graph): Step[] {
  const place = new Map<number, number>();
  const order = [0];
  const steps: Step[] = [];
  for (const atom of order) {
    if (place.has(atom)) continue;
    steps.push(stepOf(fragment, atom, place));
    place.set(atom, steps.length - 1);
    order.push(...(fragment.neighbours[atom] ?? []).map(({ atom: other }) => other));
  }
  return steps.length === fragment.labels.length ? steps : [];
}

/** A fragment with what the quick tests need. Most are never searched, so the order of the search waits until it is asked for. */
class Fragment {
  readonly graph: Graph;
  readonly chains: number[];
  #steps: Step[] | null = null;

  constructor(idcode: string) {
    this.graph = graph(Molecule.fromIDCode(idcode, false));
    this.chains = [...this.graph.chains];
  }

  get steps(): readonly Step[] {
    this.#steps ??= plan(this.graph);
    return this.#steps;
  }
}

/** Does `atom` suit `step`, given where the steps before it were put? */
function suits(target: Graph, step: Step, atom: number, placed: readonly number[]): boolean {
  if (step.label !== 0 && target.labels[atom] !== step.label) return false;
  const around = target.neighbours[atom] as Graph["neighbours"][number];
  if (around.length < step.degreeMin || around.length > step.degreeMax) return false;
  if (placed.includes(atom)) return false;
  for (const { step: earlier, bond } of step.links) {
    const to = placed[earlier];
    const link = around.find((other) => other.atom === to);
    if (link === undefined || (bond !== 0 && bond !== link.bond)) return false;
  }
  return true;
}

/** Places the step after the ones in `placed`, and all that follow; true if that can be done. */
function extend(target: Graph, steps: readonly Step[], placed: number[]): boolean {
  const step = steps[placed.length];
  if (step === undefined) return true;
  const from = step.links[0]?.step;
  const near = from === undefined ? null : target.neighbours[placed[from] as number];
  const count = near?.length ?? target.labels.length;
  for (let k = 0; k < count; k++) {
    const atom = near?.[k]?.atom ?? k;
    if (!suits(target, step, atom, placed)) continue;
    placed.push(atom);
    if (extend(target, steps, placed)) return true;
    placed.pop();
  }
  return false;
}

function hasAll(present: Uint8Array, chains: readonly number[]): boolean {
  for (let k = 0; k < chains.length; k++) if (present[chains[k] as number] === 0) return false;
  return true;
}

/** Fragments given as idcodes, ready to be searched in many molecules. */
export class FragmentSet {
  readonly #fragments: Fragment[];
  /** Fragments by their rarest chain, so that most are never looked at. Key 0: those without chains. */
  readonly #byChain = new Map<number, number[]>();
  readonly #searcher = new SSSearcher({ matchAtomCharge: true });

  constructor(idcodes: readonly string[]) {
    this.#fragments = idcodes.map((idcode) => new Fragment(idcode));
    const uses = new Map<number, number>();
    for (const { chains } of this.#fragments) for (const chain of chains) uses.set(chain, (uses.get(chain) ?? 0) + 1);
    const rarity = (chain: number): number => uses.get(chain) ?? 0;
    for (const [index, { chains }] of this.#fragments.entries()) {
      chains.sort((a, b) => rarity(a) - rarity(b));
      const bucket = this.#byChain.get(chains[0] ?? 0);
      if (bucket === undefined) this.#byChain.set(chains[0] ?? 0, [index]);
      else bucket.push(index);
    }
  }

  /** The fragments that occur in the molecule, by their position in the list, in rising order. */
  *matches(target: Graph): Generator<number, void> {
    this.#searcher.setMolecule(target.molecule);
    for (const index of this.#plausible(target)) {
      this.#searcher.setFragment((this.#fragments[index] as Fragment).graph.molecule);
      if (this.#searcher.isFragmentInMolecule()) yield index;
    }
  }

  /** The fragments that pass both quick tests, in rising order. */
  #plausible(target: Graph): number[] {
    const present = new Uint8Array(CHAINS);
    for (const chain of target.chains) present[chain] = 1;
    const found: number[] = [];
    for (const chain of [0, ...target.chains]) {
      for (const index of this.#byChain.get(chain) ?? []) {
        const fragment = this.#fragments[index] as Fragment;
        if (!hasAll(present, fragment.chains)) continue;
        if (extend(target, fragment.steps, [])) found.push(index);
      }
    }
    return found.sort((a, b) => a - b);
  }

  /** True if any of the fragments occurs in the molecule. */
  anyIn(target: Graph): boolean {
    return this.matches(target).next().done === false;
  }
}
