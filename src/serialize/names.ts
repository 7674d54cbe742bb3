/** Names of options that there are. */

import { type ErrorCode, HeddleError } from "../errors.ts";
import { nearest } from "./nearest.ts";

/** Throws an error with this code for a name that is not among `names`: a slip, that was meant to do something. */
export function checkNamesAmong(code: ErrorCode, where: string, names: readonly string[], given: object): void {
  for (const name in given) {
    if (names.includes(name)) continue;
    const close = nearest(name, names);
    const hint = close === null ? `use ${names.join(", ")}` : `did you mean ${close}?`;
    throw new HeddleError(code, `${where} has no option "${name}".`, hint);
  }
}
