/**
 * What the library is made of: scaffolds seen in many drugs, and groups to attach to them, as SMILES.
 *
 * `{1}`, `{2}`, `{3}` in a scaffold are its attachment points, each right after the atom that carries it. A group
 * begins with the atom that is attached; the empty group is hydrogen. Scaffolds number their rings from 1, groups use 9,
 * so the digits never meet.
 */

/** Kinds of attachment points. */
export type Site = "aryl" | "cap" | "alkyl" | "amine";

/** Groups by the kind of attachment point that they suit. */
export const groups: Readonly<Record<Site, readonly string[]>> = {
  /** On an aromatic carbon. */
  aryl: [
    "",
    "F",
    "Cl",
    "C",
    "OC",
    "C(F)(F)F",
    "C#N",
    "CC",
    "OCC",
    "OC(F)F",
    "S(C)(=O)=O",
    "C(N)=O",
    "N9CCOCC9",
    "C9CC9",
  ],
  /** On a basic or amide nitrogen of a saturated ring. */
  cap: [
    "",
    "C",
    "CC",
    "C(C)C",
    "C9CC9",
    "CC9CC9",
    "CCO",
    "CCOC",
    "C9CCOCC9",
    "C(C)=O",
    "C(=O)C9CC9",
    "C(=O)N(C)C",
    "S(C)(=O)=O",
    "Cc9ccccc9",
    "Cc9ccncc9",
    "c9ncccn9",
  ],
  /** On an aromatic or lactam nitrogen, which is never left bare. */
  alkyl: ["C", "CC", "C(C)C", "CC9CC9", "CCO", "CCOC", "CCN(C)C", "CC(N)=O", "Cc9ccccc9", "C9CCCC9"],
  /** Nitrogen first: makes an amide, a sulfonamide or an amine. */
  amine: [
    "N",
    "NC",
    "N(C)C",
    "NCC",
    "NC(C)C",
    "NC9CC9",
    "NC9CCCC9",
    "NCCOC",
    "NCCN(C)C",
    "NCC9CCCO9",
    "NCc9ccccc9",
    "NCc9ccncc9",
    "N9CCCC9",
    "N9CCCCC9",
    "N9CCC(O)CC9",
    "N9CCOCC9",
    "N9CCN(C)CC9",
    "N9CC(F)(F)C9",
  ],
};

export interface Scaffold {
  readonly name: string;
  readonly smiles: string;
  /** The kind of each attachment point: `{1}` first. */
  readonly sites: readonly Site[];
}

const s = (name: string, smiles: string, ...sites: Site[]): Scaffold => ({ name, smiles, sites });

export const scaffolds: readonly Scaffold[] = [
  // Amides and sulfonamides
  s("benzoylpiperazine", "O=C(c1cc{1}ccc1)N1CCN{2}CC1", "aryl", "cap"),
  s("para-benzoylpiperazine", "O=C(c1ccc{1}cc1)N1CCN{2}CC1", "aryl", "cap"),
  s("benzenesulfonylpiperazine", "O=S(=O)(c1ccc{1}cc1)N1CCN{2}CC1", "aryl", "cap"),
  s("benzenesulfonamide", "O=S(=O)(c1ccc{1}cc1){2}", "aryl", "amine"),
  s("phenylacetamide", "O=C(Cc1ccc{1}cc1){2}", "aryl", "amine"),
  s("phenoxyacetamide", "O=C(COc1ccc{1}cc1){2}", "aryl", "amine"),
  s("nicotinamide", "O=C(c1cnc{1}cc1){2}", "aryl", "amine"),
  s("isonipecotamide", "O=C{1}C1CCN{2}CC1", "amine", "cap"),
  s("nipecotamide", "O=C{1}C1CCCN{2}C1", "amine", "cap"),
  s("prolinamide", "O=C{1}C1CCCN1{2}", "amine", "cap"),
  s("benzoylpiperidine", "O=C{1}C1CCN(C(=O)c2ccc{2}cc2)CC1", "amine", "aryl"),
  s("sulfonylpiperidine", "O=C{1}C1CCN(S(=O)(=O)c2ccc{2}cc2)CC1", "amine", "aryl"),
  s("furoylpiperazine", "O=C(c1oc{1}cc1)N1CCN{2}CC1", "aryl", "cap"),
  // Amines
  s("phenylpiperazine", "c1cc{1}ccc1N1CCN{2}CC1", "aryl", "cap"),
  s("4-phenylpiperidine", "c1cc{1}ccc1C1CCN{2}CC1", "aryl", "cap"),
  s("tetrahydroisoquinoline", "C1N{1}CCc2cc{2}ccc12", "cap", "aryl"),
  s("aryloxypropanolamine", "OC(COc1cc{1}ccc1)C{2}", "aryl", "amine"),
  s("benzylamine", "C(c1ccc{1}cc1){2}", "aryl", "amine"),
  s("phenoxypiperidine", "c1cc{1}ccc1OC1CCN{2}CC1", "aryl", "cap"),
  s("benzoylpiperidine ketone", "O=C(c1ccc{1}cc1)C1CCN{2}CC1", "aryl", "cap"),
  // Fused and biaryl aromatics
  s("quinoline-3-carboxamide", "c1c{1}ccc2ncc(C(=O){2})cc12", "aryl", "amine"),
  s("benzimidazole", "c1c{1}ccc2n{2}cnc12", "aryl", "alkyl"),
  s("2-aminobenzothiazole", "c1c{1}ccc2nc{2}sc12", "aryl", "amine"),
  s("imidazopyridine", "c1cc{1}cn2cc(C(=O){2})nc12", "aryl", "amine"),
  s("phenylpyrimidine", "c1cnc{2}nc1-c1cc{1}ccc1", "aryl", "amine"),
  s("phenylthiazole", "c1c{1}cccc1-c1csc{2}n1", "aryl", "amine"),
  s("phenylpyrazole", "Cc1cc(C(=O){2})nn1-c1ccc{1}cc1", "aryl", "amine"),
  s("phenyloxadiazole", "c1c{1}cccc1-c1noc(C{2})n1", "aryl", "amine"),
  s("pyridazine", "c1cc(C(=O){2})nnc1-c1ccc{1}cc1", "aryl", "amine"),
  s("dimethylxanthine", "Cn1c(=O)c2c(nc{2}n2{1})n(C)c1=O", "alkyl", "amine"),
  // Lactams and related rings
  s("isoindolinone", "O=C1N{1}Cc2cc{2}ccc12", "alkyl", "aryl"),
  s("phthalazinone", "O=c1n{1}nc(C{2})c2ccccc12", "alkyl", "amine"),
  s("quinolone carboxamide", "O=c1c(C(=O){2})cn{1}c2ccccc12", "alkyl", "amine"),
  s("5-phenylhydantoin", "O=C1NC(C)(c2cc{2}ccc2)C(=O)N1{1}", "alkyl", "aryl"),
  s("phenyloxazolidinone", "O=C1OC(C{2})CN1c1ccc{1}cc1", "aryl", "amine"),
  s("phenylpyrrolidinone", "O=C1CC(C(=O){2})CN1c1ccc{1}cc1", "aryl", "amine"),
  s("diketopiperazine", "O=C1CN{1}C(=O)CN1Cc1ccc{2}cc1", "alkyl", "aryl"),
  // Three attachment points
  s("indole-2-carboxamide", "c1c{1}ccc2n{2}c(C(=O){3})cc12", "aryl", "alkyl", "amine"),
  s("1,4-benzodiazepin-2-one", "O=C1CN=C(c2cc{2}ccc2)c2cc{3}ccc2N1{1}", "alkyl", "aryl", "aryl"),
  s("quinazoline", "c1c{1}c{2}cc2c1c{3}ncn2", "aryl", "aryl", "amine"),
  s("piperazinyl benzamide", "O=C{1}c1cc{2}c(N2CCN{3}CC2)cc1", "amine", "aryl", "cap"),
  s("aryl piperidine carboxamide", "O=C{1}C1CCN(C(=O)c2cc{2}cc{3}c2)CC1", "amine", "aryl", "aryl"),
];
