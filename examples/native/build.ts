/** Builds the examples' shared libraries where they are missing or older than their source. */

import { execFileSync } from "node:child_process";
import { existsSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The path of the library that a C file becomes, beside it; `name` is relative to this folder's parent. Many ranks may build at
 * once: each sees a whole file.
 */
export function sharedLibrary(name: string): string {
  const source = locate(name);
  const library = source.replace(/c$/, "so");
  if (existsSync(library) && statSync(library).mtimeMs >= statSync(source).mtimeMs) return library;
  const unfinished = `${library}.${process.pid}`;
  const include = join(dirname(createRequire(import.meta.url).resolve("heddle/package.json")), "native/include");
  const flags = ["-O3", "-shared", "-fPIC", "-I", include, "-o", unfinished, source, "-lm"];
  execFileSync("cc", flags, { stdio: "inherit" });
  renameSync(unfinished, library);
  return library;
}

// As TypeScript this file lies in examples/native; compiled, in build/examples/native or build/bench.
function locate(name: string): string {
  const places = ["..", "../../../examples", "../../examples"].map((folder) =>
    fileURLToPath(new URL(`${folder}/${name}`, import.meta.url)),
  );
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} lies neither at ${places.join(" nor at ")}`);
  return found;
}
