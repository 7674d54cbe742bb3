/** What tells a version of an app from others where its user gives none: its source, in a form that does not depend on who compiled it. */

import { createRequire } from "node:module";
import type { AppDefinition } from "../serialize/registry.ts";
import { originalOf } from "./original.ts";

const versions = new Map<string, string>();

/** The user's, or the app's source without names of its own variables, comments and layout. */
export function versionOf({ policy, fn, source }: AppDefinition): string {
  const given = policy?.cache?.version ?? null;
  if (given !== null) return given;
  if (fn === null) return source; // A template, or a function in C.
  let version = versions.get(source);
  if (version === undefined) {
    version = normal(source);
    versions.set(source, version);
  }
  return version;
}

// A program is run as it is, compiled, or made into one file with its packages: the text of a function differs each time.
function normal(source: string): string {
  const original = originalOf(source);
  return minified(original) ?? minified(source) ?? source; // A method, say, is no expression.
}

function minified(source: string): string | null {
  try {
    const { transformSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
    const options = { target: "node20", legalComments: "none", logLevel: "silent" } as const;
    // Twice: names are chosen by how often letters occur, which must not depend on how it was written.
    const short = transformSync(`export default (${source})`, {
      ...options,
      minifySyntax: true,
      minifyWhitespace: true,
    });
    return transformSync(short.code, { ...options, minify: true }).code.trim();
  } catch {
    return null;
  }
}
