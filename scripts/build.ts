/**
 * Builds everything a program needs: JavaScript into dist/, the addon and the guardian into build/Release, and a
 * library for each MPI found. `--no-mpi` leaves the last out.
 */

import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { local, must, root } from "./steps.ts";

await buildDist();
await must(local("cmake-js"), ["build", "--log-level", "error", "--parallel", String(availableParallelism())]);
if (!process.argv.includes("--no-mpi")) await buildMpiLibraries();

/** Made beside the old one, then put in its place: programs that run meanwhile find one or the other, whole. */
async function buildDist(): Promise<void> {
  const [dist, fresh, old] = ["dist", "dist.new", "dist.old"].map((name) => root + name) as [string, string, string];
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  await must(local("tsc"), ["-p", "tsconfig.build.json", "--outDir", fresh]);
  chmodSync(`${fresh}/cli/main.js`, 0o755);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

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
