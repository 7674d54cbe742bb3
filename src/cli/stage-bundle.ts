/**
 * A program, the packages it imports and Heddle itself as a few files that load nothing else: what ranks run from the disk of
 * their own node. The files share what they have in common, so that the program and a worker's entry see one Heddle.
 *
 * A package whose behaviour could change stays outside, and is loaded from where it lies: one with native code, with
 * modules that it finds at run time, or whose CommonJS would reach the importer in another form than Node.js gives it.
 */

import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import type { BuildFailure, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import {
  asFiles,
  external,
  heddleEntry,
  inputsOf,
  moduleUrls,
  ownNames,
  requireBanner,
  resolving,
} from "../compile/bundle.ts";
import { packageRoot } from "../native/load.ts";
import { stagedKey, stagedNames } from "../native/staged.ts";

export interface StageBundle {
  /** Name to content. */
  files: Map<string, Uint8Array>;
  inputs: Iterable<string>;
  /** Files of packages that stay outside. */
  outside: string[];
}

/** What stands against it, for people. */
export class CannotStage extends Error {}

const own = `${join(packageRoot, "dist")}/`;
const msgpackr = `${packageOf(createRequire(import.meta.url).resolve("msgpackr"), "/")}/`;
const triesMax = 16; // Each leaves one more package outside.

/** Throws {@link CannotStage}; or `BuildFailure` for a mistake in the program itself. */
export async function bundleWhole(file: string): Promise<StageBundle> {
  const { build, stop } = await import("esbuild");
  const left = new Set<string>(); // Folders of packages.
  try {
    for (let tries = 0; tries < triesMax; tries++) {
      const outside = new Set<string>();
      try {
        const result = await build({
          ...asFiles(file),
          entryPoints: [
            { in: file, out: "program" },
            { in: join(own, "worker/main.js"), out: "worker" },
          ],
          splitting: true,
          outdir: dirname(file),
          outExtension: { ".js": ".mjs" },
          chunkNames: "chunk-[hash]",
          ignoreAnnotations: true, // Node.js runs every module that is imported.
          banner: { js: requireBanner(file) + stagedBanner(file) },
          plugins: [staging(left, outside), moduleUrls],
        });
        const files = result.outputFiles.map(({ path, text }) => [
          path.slice(dirname(file).length + 1),
          Buffer.from(ownNames(text)),
        ]);
        return {
          files: new Map(files as [string, Uint8Array][]),
          inputs: inputsOf(result, file),
          outside: [...outside],
        };
      } catch (error) {
        const { errors = [] } = error as Partial<BuildFailure>;
        const refusal = errors.find((one) => one.detail instanceof CannotStage);
        if (refusal !== undefined) throw refusal.detail;
        const culprits = errors.map((one) => packageOf(one.location?.file, file)).filter((one) => one !== null);
        if (culprits.every((one) => left.has(one))) throw error;
        for (const one of culprits) left.add(one);
      }
    }
    throw new CannotStage(`more than ${triesMax} of its packages must be loaded from where they lie`);
  } finally {
    await stop();
  }
}

// The place of this very file; and the program's own name, as if it had been started itself.
function stagedBanner(file: string): string {
  const name = JSON.stringify(`/${stagedNames.program}`);
  return (
    ` globalThis[Symbol.for(${JSON.stringify(stagedKey)})] ??= { folder: import.meta.dirname };` +
    ` if (process.argv[1]?.endsWith(${name})) process.argv[1] = ${JSON.stringify(file)};\n`
  );
}

function staging(left: Set<string>, outside: Set<string>): Plugin {
  const leave = (path: string, kind: string): OnResolveResult => {
    refuseHeddleInside(path);
    outside.add(path);
    return kind === "require-call" || kind === "require-resolve" ? { path, external: true } : external(path);
  };
  const resolveOne = async (setup: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | null> => {
    const { kind, resolveDir, importer } = args;
    if (args.pluginData === resolving || kind === "entry-point") return null;
    if (isBuiltin(args.path)) return { path: args.path, external: true };
    if (args.path === "heddle") return { path: heddleEntry };
    if (args.path === "msgpackr-extract" && importer.startsWith(msgpackr))
      return { path: args.path, namespace: "copied" };
    const found = await setup.resolve(args.path, { kind, resolveDir, importer, pluginData: resolving });
    if (found.errors.length > 0) return { path: args.path, external: true };
    const folder = packageOf(found.path, found.path);
    if (folder === null && !found.path.endsWith(".node")) return found;
    const sound =
      folder !== null && !left.has(folder) && !found.path.endsWith(".node") && !changesForm(args, found.path);
    return sound ? found : leave(found.path, kind);
  };
  return {
    name: "staging",
    setup: (setup) => {
      setup.onResolve({ filter: /^[^./]/ }, (args) => resolveOne(setup, args));
      setup.onLoad({ filter: /.*/, namespace: "copied" }, () => ({
        contents: `const file = globalThis[Symbol.for("${stagedKey}")].folder + "/${stagedNames.strings}"; module.exports = __heddle_createRequire(file)(file);`,
      }));
      setup.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path }) => {
        if (path.startsWith(own) || path.startsWith(msgpackr)) return null;
        const problem = problemOf(path, readFileSync(path, "utf8"));
        if (problem === null) return null;
        if (packageOf(path, path) === null) throw new CannotStage(`${path} ${problem}`);
        return { errors: [{ text: problem, location: { file: path } }] };
      });
    },
  };
}

/** What in a file would behave otherwise from another place; null: nothing. */
function problemOf(path: string, source: string): string | null {
  const literal = /(?!\s*["'`][^"'`$\n]*["'`]\s*[,)])/.source;
  if (new RegExp(`(?<![.\\w$])import\\s*\\(${literal}`).test(source)) return "imports a module whose name is computed";
  if (/\bimport\.meta\.resolve\b/.test(source)) return "uses import.meta.resolve()";
  if (packageOf(path, path) === null) {
    const named = /\bimport\s*(?:\*\s*as\s+\w+|\{[^}]*\bstart\b[^}]*\})\s*from\s*["']heddle["']/;
    return named.test(source) && /\bstart\s*\(/.test(source)
      ? "calls start(), which loads modules by themselves"
      : null;
  }
  // Code of packages and of the program share one file, which has a require().
  if (isModule(path)) return /\btypeof require\b/.test(source) ? "asks whether there is a require()" : null;
  if (new RegExp(`\\brequire\\s*\\(${literal}`).test(source)) return "requires a module whose name is computed";
  return /\brequire\.(resolve|cache|main|extensions)\b|\bmodule\.(parent|paths|children|require)\b/.test(source)
    ? "uses the internals of require()"
    : null;
}

/** CommonJS, imported from a file that the compiler does not take for a module of Node.js: its default would differ. */
function changesForm({ kind, importer }: OnResolveArgs, path: string): boolean {
  if (kind === "require-call" || kind === "require-resolve" || isModule(path) || path.endsWith(".json")) return false;
  return !isModule(importer);
}

/** By its name, or by the package.json that it belongs to. */
function isModule(path: string): boolean {
  if (/\.m[jt]s$/.test(path)) return true;
  if (/\.c[jt]s$/.test(path)) return false;
  return manifestAbove(path)?.type === "module";
}

function manifestAbove(path: string): ({ type?: string } & Record<string, Record<string, string>>) | null {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
    if (folder === dirname(folder)) return null;
  }
}

// Its apps would register with a second Heddle.
function refuseHeddleInside(path: string): void {
  const folder = packageOf(path, path);
  const manifest = folder === null ? null : manifestAbove(join(folder, "package.json"));
  const depends = ["dependencies", "peerDependencies"].some((key) => manifest?.[key]?.["heddle"] !== undefined);
  if (depends) throw new CannotStage(`the package ${folder} uses heddle and must be loaded from where it lies`);
}

/** Folder of the package that a file belongs to; null: none, it is the program's own, or Heddle's. */
function packageOf(path: string | undefined, from: string): string | null {
  if (path === undefined) return null;
  const full = path.startsWith("/") ? path : join(dirname(from), path);
  if (full.startsWith(own)) return null;
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(full)?.[0] ?? null;
}
