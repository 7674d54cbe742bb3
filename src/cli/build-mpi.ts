/** `heddle build-mpi`. */

import { parseFlavour } from "../launchers/choose.ts";
import { buildMpi } from "../native/build-mpi.ts";
import { parseOptions } from "./options.ts";

export async function buildMpiCommand(args: readonly string[]): Promise<void> {
  const { positionals } = parseOptions("build-mpi", args, {});
  const wanted = positionals.flatMap((name) => parseFlavour(name, "the MPI") ?? []);
  const built = await buildMpi({ ...(wanted.length > 0 ? { flavours: wanted } : {}), log: console.log });
  for (const { flavour, library } of built) console.log(`${flavour}: ${library}`);
}
