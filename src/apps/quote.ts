/** Words of a shell command. */

import { type Word, wordText } from "../serialize/strings.ts";
import { shellQuote } from "../serialize/template.ts";

/**
 * A value as one word for `/bin/sh`, whatever is in it: for functions of {@link bashApp} that return a text. Templates quote by themselves.
 *
 * @throws {@link HeddleError} `ERR_ARGUMENT`: no command can receive it.
 * @example
 * const heads = bashApp("heads", (n: number, ...files: string[]) => `cat ${files.map(quote).join(" ")} | awk '{ print $1 }' | head -n ${n}`);
 */
export function quote(value: Word): string {
  return shellQuote(wordText(value, "quote(): the value"));
}
