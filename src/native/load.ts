/**
 * Finds the binaries: the addon, the guardian beside it, and the library of each MPI.
 *
 * A build in this folder (`build/Release`) wins over what the package brought (`prebuilds`). MPI libraries are never
 * prebuilt, because MPIs have no common binary interface: `buildMpi` compiles them into `build/Release` or,
 * where the package cannot be written to, into a cache of this user.
 */

import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HeddleError } from "../errors.ts";
import type { Binding } from "./binding.ts";
import { stagedFolder } from "./staged.ts";

export type MpiFlavour = "mpich" | "openmpi";

/** Folder of the package: both `src/native` and `dist/native` lie two levels below it. */
export const packageRoot: string = fileURLToPath(new URL("../../", import.meta.url));

const localBuild = join(packageRoot, "build", "Release");
const prebuilt = join(packageRoot, "prebuilds", `${process.platform}-${process.arch}`);

let binding: Binding | null = null;

/** Loads the addon once per thread. Throws `ERR_ADDON` when there is none, or it does not load. */
export function loadBinding(): Binding {
  if (binding !== null) return binding;
  const file = addonPath();
  try {
    binding = createRequire(file)(file) as Binding; // From there: Node.js then looks for no package.json elsewhere.
  } catch (cause) {
    throw new HeddleError("ERR_ADDON", `${file} does not load: ${String(cause)}`, buildHint(), { cause });
  }
  return binding;
}

/** The addon that is loaded. */
export function addonPath(): string {
  return join(binaryFolder(), "heddle.node");
}

/** The guardian that belongs to the addon. */
export function guardianPath(): string {
  const file = join(binaryFolder(), "heddle-guardian");
  if (!existsSync(file)) throw new HeddleError("ERR_ADDON", `${file} is missing.`, buildHint());
  return file;
}

/** The library of this MPI, or `null` when it was not built. */
export function mpiLibrary(flavour: MpiFlavour): string | null {
  const staged = stagedFolder();
  if (staged !== null) return mpiLibraryIn(staged, flavour);
  const built = mpiLibraryIn(localBuild, flavour);
  if (existsSync(built)) return built;
  const cached = mpiLibraryIn(mpiCacheFolder(), flavour); // Its name costs a look at every source.
  return existsSync(cached) ? cached : null;
}

export function mpiLibraryIn(folder: string, flavour: MpiFlavour): string {
  return join(folder, `heddle-mpi-${flavour}.so`);
}

/** Where `buildMpi` puts libraries: into the package, or the cache if the package is read-only. */
export function mpiBuildFolder(): string {
  try {
    accessSync(packageRoot, constants.W_OK);
    if (existsSync(localBuild)) accessSync(localBuild, constants.W_OK);
    return localBuild;
  } catch {
    return mpiCacheFolder();
  }
}

/** What an MPI library is compiled from, in a stable order, headers included. `transport` itself is the engine's side. */
export function mpiSources(): string[] {
  const parts: [folder: string, names: RegExp][] = [
    ["base", /(?<!_test)\.(cc|h)$/],
    ["transport", /\.h$/],
    ["transport/mpi", /(?<!_test|_main)\.(cc|h)$/],
  ];
  return parts.flatMap(([folder, names]) => {
    const path = join(packageRoot, "native", folder);
    const files = existsSync(path) ? readdirSync(path).sort() : [];
    return files.filter((name) => names.test(name)).map((name) => join(path, name));
  });
}

/** Changes whenever any of the sources does. */
export function mpiSourcesHash(): string {
  // Loaded when needed: every rank and every worker pays for what stands at the top.
  const { createHash } = createRequire(import.meta.url)("node:crypto") as typeof import("node:crypto");
  const hash = createHash("sha256");
  for (const file of mpiSources()) hash.update(file.slice(packageRoot.length)).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

// Keyed by content: an update of the package never meets a library of the version before.
function mpiCacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(base, "heddle", `${process.platform}-${process.arch}-${mpiSourcesHash()}`);
}

function binaryFolder(): string {
  const staged = stagedFolder();
  if (staged !== null) return staged;
  const found = [localBuild, prebuilt].find((folder) => existsSync(join(folder, "heddle.node")));
  if (found !== undefined) return found;
  const message = `No native addon for ${process.platform}-${process.arch} in ${localBuild} or ${prebuilt}.`;
  throw new HeddleError("ERR_ADDON", message, buildHint());
}

function buildHint(): string {
  return existsSync(join(packageRoot, "scripts"))
    ? "run `npm run build`"
    : `build it: npm install cmake-js node-addon-api && npx cmake-js build -d ${packageRoot}`;
}
