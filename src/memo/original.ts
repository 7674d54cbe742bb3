/**
 * The source of a function as its author's file has it, where the program was made into one file: there names are other ones where files meet, or where
 * an import has a name of its own. The source map of that file tells what stood in each place.
 */

import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { stagedFolder, stagedNames } from "../native/staged.ts";

const MAP = "\n//# sourceMappingURL=data:application/json;base64,";
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;
/** What the compiler writes for a module's own address: see `moduleUrls`. */
const ADDRESS = /^__heddle_module_url\d*\.(url|filename|dirname)/;
const ADDRESS_WRITTEN = /^(import\.meta\.(url|filename|dirname)|__filename|__dirname)/;

const FIRST_WORD = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u;
const MEMBER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*\.([\p{ID_Start}$_][\p{ID_Continue}$]*)/u;
const MODULE_BEFORE = /([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*\??\.\s*$/u;
const IS_MEMBER = /(?:^|[^.])\??\.$/;

/** Where something stood in the author's file. */
interface Place {
  line: string;
  column: number;
}

/** A file that a program was made into. */
class Made {
  readonly #code: string;
  readonly #map: SourceMap;
  readonly #sources: Map<string, string[]>;

  constructor(code: string, payload: SourceMapPayload) {
    this.#code = code;
    this.#map = new SourceMap(payload);
    const texts = payload.sources.map((name, k): [string, string[]] => [
      name,
      payload.sourcesContent[k]?.split("\n") ?? [],
    ]);
    this.#sources = new Map(texts);
  }

  /** Words of a function are those again that its author wrote; all else stays. Null: it is not in this file. */
  original(source: string): string | null {
    const start = this.#code.indexOf(source);
    if (start < 0) return null;
    const before = this.#code.slice(0, start);
    let line = before.split("\n").length - 1;
    let lineStart = before.lastIndexOf("\n") + 1;
    let written = "";
    let at = 0;
    let key: Place | null = null; // Of the word before, where that has a colon behind it.
    for (const { 0: word, index } of source.matchAll(WORD)) {
      if (index < at || IS_MEMBER.test(source.slice(Math.max(0, index - 3), index))) continue;
      for (let next = this.#code.indexOf("\n", lineStart); next >= 0 && next < start + index; ) {
        line++;
        lineStart = next + 1;
        next = this.#code.indexOf("\n", lineStart);
      }
      const rest = source.slice(index);
      const was: Place | null = this.#writtenAt(line, start + index - lineStart) ?? shorthand(key);
      key = rest.startsWith(":", word.length) ? was : null;
      if (was === null) continue;
      const [from, to] = replaced(word, rest, was);
      written += source.slice(at, index) + to;
      at = index + from.length;
    }
    return written + source.slice(at);
  }

  /** Null: no place of its own is known. */
  #writtenAt(line: number, column: number): Place | null {
    const entry = this.#map.findEntry(line, column);
    if (!("generatedLine" in entry) || entry.generatedLine !== line || entry.generatedColumn !== column) return null;
    const own = this.#sources.get(entry.originalSource)?.[entry.originalLine];
    return own === undefined ? null : { line: own, column: entry.originalColumn };
  }
}

/** `{ name }` is written as `{ name: other }`, and the value has no place of its own. */
function shorthand(key: Place | null): Place | null {
  if (key === null) return null;
  const after = key.line.slice(key.column).replace(FIRST_WORD, "");
  return /^\s*:/.test(after) ? null : key;
}

/** What at the beginning of `source` gives way, and to what. */
function replaced(word: string, source: string, { line, column }: Place): [string, string] {
  const was = line.slice(column);
  const address = ADDRESS.exec(source);
  const addressWritten = ADDRESS_WRITTEN.exec(was);
  if (address !== null && addressWritten !== null) return [address[0], addressWritten[0]];
  const own = FIRST_WORD.exec(was)?.[0];
  if (own === undefined) return [word, word];
  const [member, name] = MEMBER.exec(source) ?? [word, null];
  // A member of a module has its own place, not that of the module; CommonJS has a name that nobody wrote.
  const isWhole = name !== null && (own === name || word.startsWith("import_"));
  const module = MODULE_BEFORE.exec(line.slice(0, column))?.[1];
  return [isWhole ? member : word, module === undefined ? own : `${module}.${own}`];
}

let made: Made | null | undefined;

/** The same text where the program was not made into one file, or the function is none of it. */
export function originalOf(source: string): string {
  if (made === undefined) made = readMade();
  return made?.original(source) ?? source;
}

function readMade(): Made | null {
  const folder = stagedFolder();
  const file = folder === null ? process.argv[1] : join(folder, stagedNames.program);
  return file === undefined ? null : madeOf(file);
}

/** @internal Null: it carries no source map. */
export function madeOf(file: string): Made | null {
  try {
    const text = readFileSync(file, "utf8");
    const at = text.lastIndexOf(MAP);
    if (at < 0) return null;
    const payload = JSON.parse(Buffer.from(text.slice(at + MAP.length), "base64").toString()) as SourceMapPayload;
    return new Made(text.slice(0, at), payload);
  } catch {
    return null; // A file of another kind, or none.
  }
}
