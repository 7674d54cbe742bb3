/**
 * Builds the addon with node-gyp too, from binding.gyp, and loads it. In a folder of its own, because node-gyp
 * would use the same build/Release as cmake-js.
 */

import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { local, must, root } from "./steps.ts";

// node-gyp takes Node's headers from here; else it would download them.
const prefix = dirname(dirname(process.execPath));
if (!existsSync(join(prefix, "include", "node", "node_api.h"))) {
  console.error(`No Node.js headers in ${prefix}/include/node.\n  fix: install Node.js with its headers`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "heddle-gyp-"));
try {
  for (const name of ["native", "node_modules", "binding.gyp", "package.json"]) {
    symlinkSync(join(root, name), join(folder, name));
  }
  await must(local("node-gyp"), ["rebuild", "--silent", "-j", "max", `--nodedir=${prefix}`], folder);
  const addon = join(folder, "build", "Release", "heddle.node");
  await must(process.execPath, ["-p", `require(${JSON.stringify(addon)}).version()`]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
