/**
 * Command templates: `{receptor}`, `{0}`, `{index}` in the words of a command become numbers of argument strings, so
 * that native code can make the command of a task without JavaScript. `{{` and `}}` are literal braces.
 */

import { HeddleError } from "../errors.ts";
import type { Piece } from "../native/binding.ts";
import { shorten } from "./values.ts";

/** What fills each slot of a template, in the order of a task's argument strings. */
export interface Placeholders {
  /** Slot k holds the value of `slots[k]`: a name, a position among the arguments, or the task's index. */
  readonly slots: readonly Slot[];
  /** The names, in order of first appearance: positional arguments fill them in this order. */
  readonly names: readonly string[];
}

export type Slot = { name: string } | { position: number } | { index: true };

const PLACEHOLDER = /^[A-Za-z_][A-Za-z0-9_]*$|^[0-9]+$/;

/** Collects the slots of all parts of one command while they are compiled. */
export class TemplateCompiler {
  readonly #app: string;
  readonly #slots = new Map<string, number>();

  constructor(app: string) {
    this.#app = app;
  }

  /** Turns `text` into literal text and slot numbers. Throws ERR_COMMAND_TEMPLATE. */
  compile(text: unknown, where: string): Piece[] {
    if (typeof text !== "string") this.#fail(`${where} is ${shorten(text)}, not a string`);
    const pieces: Piece[] = [];
    let literal = "";
    for (let at = 0; at < text.length; ) {
      const char = text[at] as string;
      if ((char === "{" || char === "}") && text[at + 1] === char) {
        literal += char;
        at += 2;
      } else if (char === "{") {
        const end = text.indexOf("}", at);
        const name = end < 0 ? text.slice(at + 1) : text.slice(at + 1, end);
        if (end < 0 || !PLACEHOLDER.test(name))
          this.#fail(`${where} has a wrong placeholder at "${text.slice(at, at + 20)}"`);
        if (literal !== "") pieces.push(literal);
        literal = "";
        pieces.push(this.#slot(name));
        at = end + 1;
      } else if (char === "}") {
        this.#fail(`${where} has a "}" without "{" in "${text}"`);
      } else {
        literal += char;
        at++;
      }
    }
    if (literal !== "" || pieces.length === 0) pieces.push(literal);
    return pieces;
  }

  /** All slots seen so far. */
  placeholders(): Placeholders {
    const keys = [...this.#slots.keys()];
    return {
      slots: keys.map((key) =>
        key === "index" ? { index: true } : /^[0-9]/.test(key) ? { position: Number(key) } : { name: key },
      ),
      names: keys.filter((key) => key !== "index" && !/^[0-9]/.test(key)),
    };
  }

  #slot(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    this.#slots.set(name, this.#slots.size);
    return this.#slots.size - 1;
  }

  #fail(what: string): never {
    throw new HeddleError(
      "ERR_COMMAND_TEMPLATE",
      `App "${this.#app}": ${what}.`,
      "placeholders are {name}, {0} or {index}; write {{ and }} for braces",
    );
  }
}

/** `text` as one word for /bin/sh, whatever is in it. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Puts a task's argument strings into the slots of `pieces`. */
export function fill(pieces: readonly Piece[], strings: readonly string[], quote: boolean): string {
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") text += piece;
    else text += quote ? shellQuote(strings[piece] ?? "") : (strings[piece] ?? "");
  }
  return text;
}
