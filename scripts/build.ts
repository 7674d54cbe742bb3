/**
 * Builds everything a program needs: JavaScript into dist/, the addon and the guardian into build/Release, and a
 * library for each MPI found. `--no-mpi` leaves the last out.
 */

import { chmodSync, existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { local, must, root } from "./steps.ts";

await must(local("tsc"), ["-p", "tsconfig.build.json"]);
if (existsSync(`${root}dist/cli/main.js`)) chmodSync(`${root}dist/cli/main.js`, 0o755);
await must(local("cmake-js"), ["build", "--log-level", "error", "--parallel", String(availableParallelism())]);
if (!process.argv.includes("--no-mpi")) await buildMpiLibraries();

async function buildMpiLibraries(): Promise<void> {
  const { buildMpi } = await import("../src/native/build-mpi.ts");
  try {
    const built = await buildMpi({ outDir: `${root}build/Release`, log: console.log });
    console.log(`MPI libraries: ${built.map((one) => one.flavour).join(", ")}`);
  } catch (error) {
    const missing = error instanceof Error && error.message.includes("No MPI compiler wrapper");
    if (!missing) throw error;
    console.log(`No MPI library built: ${error.message}`);
  }
}
