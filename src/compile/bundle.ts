/** esbuild, set up so that a bundled program behaves as its files would have, one by one. */

import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type {
  BuildFailure,
  BuildOptions,
  BuildResult,
  Loader,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from "esbuild";
import { HeddleError } from "../errors.ts";
import { packageRoot } from "../native/load.ts";

export interface Bundle {
  code: string;
  /** Every file whose content is in the code, or decided how it was compiled. */
  inputs: string[];
  /** Files of packages that the code imports. */
  packages: string[];
}

// One name each: esbuild renames them where files meet.
const urlName = "__heddle_module_url";
export const resolving: unique symbol = Symbol("resolving");

export const heddleEntry: string = join(packageRoot, "dist", "index.js");

/** Compiles one program. Throws `ERR_PROGRAM` with the compiler's messages. */
export async function bundle(file: string): Promise<Bundle> {
  const { build, formatMessages, stop } = await import("esbuild");
  const packages = new Set<string>();
  try {
    const result = await build({
      ...asFiles(file),
      entryPoints: [file],
      outfile: join(dirname(file), `${basename(file, extname(file))}.mjs`),
      banner: { js: requireBanner(file) },
      plugins: [packagesOutside(packages), moduleUrls],
    });
    return { code: outputOf(result), inputs: [...inputsOf(result, file)], packages: [...packages] };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    const shown = await formatMessages(errors, { kind: "error", color: false });
    throw new HeddleError("ERR_PROGRAM", `${file} does not compile:\n${shown.join("").trimEnd()}`, null, {
      cause: error,
    });
  } finally {
    await stop();
  }
}

/** Options under which code behaves as its files would have. */
export function asFiles(file: string): BuildOptions & { write: false; metafile: true } {
  return {
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: dirname(file),
    platform: "node",
    format: "esm",
    target: `node${process.versions.node}`,
    sourcemap: "inline",
    sourceRoot: `${pathToFileURL(dirname(file)).href}/`, // The result does not lie where esbuild believes.
    conditions: [], // As Node.js does: without this esbuild would also take "module".
    mainFields: ["main"],
    define: {
      "import.meta.url": `${urlName}.url`,
      "import.meta.filename": `${urlName}.filename`,
      "import.meta.dirname": `${urlName}.dirname`,
      __filename: `${urlName}.filename`,
      __dirname: `${urlName}.dirname`,
    },
    logLevel: "silent",
  };
}

function outputOf(result: BuildResult): string {
  return (result.outputFiles ?? []).map((output) => ownNames(output.text)).join("");
}

/**
 * Gives classes their names back: one that speaks of itself becomes `var Name = class _Name`, and its errors would say so. esbuild's
 * `keepNames` would change the source of functions too, by which apps are told apart.
 */
export function ownNames(code: string): string {
  return code.replace(
    /^(var ([\w$]+) = class _\2(?: extends [\w$.]+)? \{)$/gm,
    '$1 static { Object.defineProperty(this, "name", { value: "$2", configurable: true }); }',
  );
}

/** Files that the result depends on. */
export function inputsOf(result: BuildResult, file: string): Set<string> {
  const inputs = new Set(
    Object.keys(result.metafile?.inputs ?? {})
      .filter((input) => !input.startsWith("copied:"))
      .map((input) => join(dirname(file), input)),
  );
  // Not in the list, although it decides how the files are read.
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const config = join(folder, "tsconfig.json");
    if (exists(config)) inputs.add(config);
    if (exists(config) || folder === dirname(folder)) return inputs;
  }
}

/** CommonJS in the program finds `require` as if nothing had moved. */
export function requireBanner(file: string): string {
  const from = JSON.stringify(pathToFileURL(file).href);
  return `import { createRequire as __heddle_createRequire } from "node:module"; const require = __heddle_createRequire(${from});`;
}

/** Packages are not bundled: the code names their files by full address, so that it may lie anywhere. */
function packagesOutside(packages: Set<string>): Plugin {
  const resolveOne = async (setup: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | null> => {
    if (args.pluginData === resolving || args.kind === "entry-point") return null;
    if (isBuiltin(args.path)) return { path: args.path, external: true };
    if (args.path === "heddle") return external(heddleEntry);
    const { kind, resolveDir, importer } = args;
    const found = await setup.resolve(args.path, { kind, resolveDir, importer, pluginData: resolving });
    // What is missing may be optional: whether it is an error shows when it is imported.
    if (found.errors.length > 0) return { path: args.path, external: true };
    if (!found.path.includes("/node_modules/") && !found.path.endsWith(".node")) return found;
    packages.add(found.path);
    return kind === "require-call" || kind === "require-resolve"
      ? { path: found.path, external: true }
      : external(found.path);
  };
  return {
    name: "packages-outside",
    // A relative path is a local file; `#` and names mapped by tsconfig may be either.
    setup: (setup) => setup.onResolve({ filter: /^[^./]/ }, (args) => resolveOne(setup, args)),
  };
}

export function external(file: string): OnResolveResult {
  return { path: pathToFileURL(file).href, external: true };
}

/** Each file still knows where it lies. */
export const moduleUrls: Plugin = {
  name: "module-urls",
  setup: (setup) =>
    setup.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path }): OnLoadResult | null => {
      const source = readFileSync(path, "utf8");
      if (!/\bimport\.meta\b|\b__(file|dir)name\b/.test(source)) return null;
      const place = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) };
      const line = `const ${urlName} = ${JSON.stringify(place)};`;
      // Before the first line, not above it: lines keep their numbers.
      const shebang = /^#!.*\n/.exec(source)?.[0] ?? "";
      const contents = shebang === "" ? line + source : `${shebang.trimEnd()}\n${line}${source.slice(shebang.length)}`;
      return { contents, loader: loaderOf(path) };
    }),
};

function loaderOf(path: string): Loader {
  if (path.endsWith("x")) return path.endsWith(".tsx") ? "tsx" : "jsx";
  return /\.[cm]?ts$/.test(path) ? "ts" : "js";
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
