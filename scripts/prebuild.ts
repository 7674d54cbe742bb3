/**
 * Fills prebuilds/ with the addon and the guardian of this platform, and dist/. Runs before `npm pack`; MPI libraries
 * are built where they are used.
 */

import { chmodSync, copyFileSync, mkdirSync, rmSync } from "node:fs";
import { must, root } from "./steps.ts";

await must(process.execPath, ["--import", "tsx", "scripts/build.ts", "--no-mpi"]);
const folder = `${root}prebuilds/${process.platform}-${process.arch}`;
rmSync(`${root}prebuilds`, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of ["heddle.node", "heddle-guardian"]) {
  copyFileSync(`${root}build/Release/${name}`, `${folder}/${name}`);
  await must("strip", ["--strip-unneeded", `${folder}/${name}`]);
}
chmodSync(`${folder}/heddle-guardian`, 0o755);
