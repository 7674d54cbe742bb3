// The addon built with node-gyp too, from binding.gyp, and loaded. In a folder of its own, because node-gyp would use the
// same build/Release as cmake-js.

import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { repository, run } from "../helpers/run.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-gyp-"));
const limitMs = 900_000; // Two minutes on a core that has nothing else to do.
// node-gyp takes Node's headers from here; else it would download them.
const prefix = dirname(dirname(process.execPath));

afterAll(() => rmSync(folder, { recursive: true }));

test("node-gyp builds the addon", { timeout: limitMs }, async () => {
  expect(existsSync(join(prefix, "include", "node", "node_api.h")), `headers of Node.js in ${prefix}`).toBe(true);
  for (const name of ["native", "node_modules", "binding.gyp", "package.json"]) {
    symlinkSync(join(repository, name), join(folder, name));
  }
  const build = [join(repository, "node_modules/.bin/node-gyp"), "rebuild", "--silent", `--nodedir=${prefix}`];
  const env = { CXXFLAGS: "-O0" }; // What it computes is tested elsewhere, with optimisation.
  const built = await run(build, { cwd: folder, env, timeoutMs: limitMs });
  expect(built.code, built.stderr).toBe(0);
  const addon = join(folder, "build", "Release", "heddle.node");
  const { stdout } = await run([process.execPath, "-p", `require(${JSON.stringify(addon)}).version()`]);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
