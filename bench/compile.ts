/**
 * Compiles the bench programs, so that ranks load plain JavaScript as a user's would. What they import from src/ they get from
 * dist/: measured is what a user installs, and no loader is in the way.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const compiledFolder = "build/bench";

/** Compiles bench/, file by file; returns the folder that receives them. */
export async function compileBenches(root: string): Promise<string> {
  const outdir = join(root, compiledFolder);
  mkdirSync(outdir, { recursive: true });
  const files = readdirSync(join(root, "bench"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const { outputFiles } = await build({
    entryPoints: sources.map((name) => join(root, "bench", name)),
    outbase: join(root, "bench"),
    outdir,
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    keepNames: true,
    plugins: [importsStay(root, outdir)],
    logLevel: "error",
  });
  for (const { path, text } of outputFiles) writeIfNew(path, text);
  return outdir;
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

// A module must exist once in a process, so nothing is bundled: an import only gets the name of what was compiled.
function importsStay(root: string, outdir: string): Plugin {
  return {
    name: "imports-stay",
    setup: (setup) => {
      setup.onResolve({ filter: /^heddle$/ }, () => ({ external: true })); // Else tsconfig.json's path to src/ is taken.
      setup.onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        if (!relative(join(root, "examples"), file).startsWith("..")) return { path: file }; // Part of what imports it.
        const inSource = relative(join(root, "src"), file);
        const own = inSource.startsWith("..");
        const folder = join(outdir, relative(join(root, "bench"), resolveDir));
        const compiled = own ? path : relative(folder, join(root, "dist", inSource));
        return { path: compiled.replace(/\.ts$/, ".js"), external: true };
      });
    },
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
