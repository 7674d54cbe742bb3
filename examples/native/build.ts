/** Builds the example's shared library where it is missing or older than its source. */

import { execFileSync } from "node:child_process";
import { existsSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The path of the library that `primes.c` becomes, beside it. Many ranks may build at once: each sees a whole file. */
export function primesLibrary(): string {
  const source = locate("primes.c");
  const library = source.replace(/c$/, "so");
  if (existsSync(library) && statSync(library).mtimeMs >= statSync(source).mtimeMs) return library;
  const unfinished = `${library}.${process.pid}`;
  const include = join(dirname(createRequire(import.meta.url).resolve("heddle/package.json")), "native/include");
  execFileSync("cc", ["-O3", "-shared", "-fPIC", "-I", include, "-o", unfinished, source], { stdio: "inherit" });
  renameSync(unfinished, library);
  return library;
}

// As TypeScript this file lies beside it; compiled, in build/examples/native.
function locate(name: string): string {
  const places = [name, `../../../examples/native/${name}`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} lies neither at ${places.join(" nor at ")}`);
  return found;
}
