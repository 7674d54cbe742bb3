/** The package as npm would install it: prebuilt addon, no MPI library. */

import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./run.ts";

export function copyPackage(to: string): void {
  mkdirSync(to);
  for (const part of ["package.json", "dist", "native"])
    cpSync(join(repository, part), join(to, part), { recursive: true });
  const prebuilt = join(to, "prebuilds", `${process.platform}-${process.arch}`);
  mkdirSync(prebuilt, { recursive: true });
  for (const file of ["heddle.node", "heddle-guardian"])
    cpSync(join(repository, "build/Release", file), join(prebuilt, file));
  symlinkSync(join(repository, "node_modules"), join(to, "node_modules"));
}
