/**
 * A conformer and its MMFF94 energy after minimisation: the expensive step, about a second for a molecule.
 *
 * A result must depend on its molecule alone, or it would depend on which rank ran what before. openchemlib remembers
 * the conformers of rigid fragments for as long as the process lives, in the orientation in which it first met them, and
 * takes them over into later molecules. So the memory is turned off. Only its readable build has a name for it.
 */
import { allTables } from "./chemistry.ts";

type OpenChemLib = typeof import("openchemlib/debug");

/** Same numbers for the same molecule, on every machine. */
const SEED = 42;

let loaded: Promise<OpenChemLib> | null = null;

/** The readable build, loaded in workers that get such a task and nowhere else. */
function openchemlib(): Promise<OpenChemLib> {
  loaded ??= import("openchemlib/debug").then((library) => {
    library.Resources.register(allTables());
    return library;
  });
  return loaded;
}

/** Where the readable build keeps what it remembers. */
interface Internals {
  oclGenerator: { mRigidFragmentProvider: { mCache: unknown } };
}

function withoutMemory<T>(generator: T): T {
  const provider = (generator as unknown as Internals).oclGenerator.mRigidFragmentProvider;
  if (provider.mCache === undefined) throw new Error("openchemlib keeps its fragments elsewhere in this version");
  provider.mCache = null;
  return generator;
}

/** The MMFF94 energy of the first conformer, minimised, kcal/mol; null where there is none. */
export async function conformerEnergy(smiles: string): Promise<number | null> {
  const { Molecule, ConformerGenerator, ForceFieldMMFF94 } = await openchemlib();
  const molecule = Molecule.fromSmiles(smiles, { noCoordinates: true, noStereo: true });
  const conformer = withoutMemory(new ConformerGenerator(SEED)).getOneConformerAsMolecule(molecule);
  if (conformer === null) return null;
  const field = new ForceFieldMMFF94(conformer, "MMFF94");
  field.minimise();
  return field.getTotalEnergy();
}
