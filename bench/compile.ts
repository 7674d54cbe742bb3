/**
 * Compiles the bench programs, so that ranks load plain JavaScript as a user's would. What they import from src/ they get from
 * dist/: measured is what a user installs, and no loader is in the way.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const compiledFolder = "build/bench";

/** Compiles these programs of bench/; returns where each lies, in the same order. */
export async function compilePrograms(root: string, names: readonly string[]): Promise<string[]> {
  const outdir = join(root, compiledFolder);
  mkdirSync(outdir, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: names.map((name) => join(root, "bench", `${name}.ts`)),
    outdir,
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    keepNames: true,
    plugins: [builtLibrary(root, outdir)],
    logLevel: "error",
  });
  for (const { path, text } of outputFiles) writeIfNew(path, text);
  return names.map((name) => join(outdir, `${name}.js`));
}

/** Says what is missing, or older than its source; null: nothing. */
export function findStale(root: string): string | null {
  const built = ["dist/index.js", "build/Release/heddle.node"];
  const missing = built.find((file) => !existsSync(join(root, file)));
  if (missing !== undefined) return `${missing} is missing`;
  const newer = (folder: string, ending: RegExp, than: string): string | undefined => {
    const limit = statSync(join(root, than)).mtimeMs;
    const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    const sources = files.filter((file) => ending.test(file) && !/[._]test\./.test(file));
    return sources.find((file) => statSync(join(root, folder, file)).mtimeMs > limit);
  };
  const script = newer("src", /\.ts$/, "dist/index.js");
  if (script !== undefined) return `src/${script} is newer than dist/`;
  const native = newer("native", /\.(cc|h)$/, "build/Release/heddle.node");
  return native === undefined ? null : `native/${native} is newer than the addon`;
}

function builtLibrary(root: string, outdir: string): Plugin {
  return {
    name: "built-library",
    setup: (setup) =>
      setup.onResolve({ filter: /\/src\/.*\.ts$/ }, ({ path, resolveDir }) => {
        const inSource = relative(join(root, "src"), resolve(resolveDir, path));
        const inBuilt = join(root, "dist", inSource.replace(/\.ts$/, ".js"));
        return { path: relative(outdir, inBuilt), external: true };
      }),
  };
}

// Replaced in one step, and only when it differs: another bench may be loading it.
function writeIfNew(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
