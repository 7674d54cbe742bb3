/**
 * The TypeScript of the guide, checked: every ```ts block of its pages and of README.md must compile against the public
 * types, so that no page can rot.
 *
 * A block that imports from "heddle" begins a program; blocks without go on with the one before, on the same page. What a
 * snippet leaves unused is no error, and neither is a missing annotation.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

/** A program made of blocks of one page. Its lines are those of the page; what is not of its blocks is empty. */
export interface Snippet {
  page: string;
  text: string;
}

/** Pure. */
export function snippetsOf(page: string, markdown: string): Snippet[] {
  const programs: string[][] = [];
  let block: string[] | null = null;
  let from = 0;
  for (const [number, line] of markdown.split("\n").entries()) {
    if (block === null && /^```ts\b/.test(line)) {
      block = [];
      from = number + 1;
    } else if (block !== null && line.startsWith("```")) {
      const begins = block.some((code) => /^(import|\} from) .*"heddle"/.test(code));
      if (begins || programs.length === 0) programs.push([]);
      const lines = programs.at(-1)!;
      while (lines.length < from) lines.push("");
      lines.push(...block);
      block = null;
    } else block?.push(line);
  }
  return programs.map((lines) => ({ page, text: lines.join("\n") }));
}

/** Pages of the guide, and README.md. Relative to `root`. */
export function pagesOf(root: string): string[] {
  const guide = readdirSync(join(root, "docs/guide")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...guide.sort().map((name) => `docs/guide/${name}`)];
}

/** What does not compile: `page:line: message`. */
export function wrongSnippets(root: string, snippets: readonly Snippet[]): string[] {
  const byFile = new Map(snippets.map((snippet, k) => [join(resolve(root), `scripts/snippet-${k}.ts`), snippet]));
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const own = { declaration: false, isolatedDeclarations: false, noUnusedLocals: false, noUnusedParameters: false };
  const all: ts.CompilerOptions = { ...options, ...own, moduleDetection: ts.ModuleDetectionKind.Force };
  const host = ts.createCompilerHost(all);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => byFile.has(name) || fileExists(name);
  host.readFile = (name) => byFile.get(name)?.text ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const snippet = byFile.get(name);
    return snippet ? ts.createSourceFile(name, snippet.text, rest[0], true) : getSourceFile(name, ...rest);
  };
  const program = ts.createProgram([...byFile.keys()], all, host);
  return [...byFile].flatMap(([name, { page }]) => {
    const source = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText }) => {
      const line = source === undefined ? 0 : source.getLineAndCharacterOfPosition(start).line + 1;
      return `${page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}

/** Links to files of the repository that are not there: `page: link`. */
export function deadLinks(page: string, markdown: string, exists: (path: string) => boolean): string[] {
  const links = [...markdown.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, link]) => link as string);
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  return local.filter((link) => !exists(join(page, "..", link))).map((link) => `${page}: ${link}`);
}

/** The text of a page. */
export function textOf(root: string, page: string): string {
  return readFileSync(join(root, page), "utf8");
}
