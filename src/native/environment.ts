/** Settings from the environment. */

import { HeddleError } from "../errors.ts";

/** The whole number in an environment variable; null when it is not set. Throws ERR_CONFIG. */
export function numberFrom(variable: string): number | null {
  const text = process.env[variable];
  if (text === undefined || text === "") return null;
  if (/^\d+$/.test(text)) return Number(text);
  throw new HeddleError("ERR_CONFIG", `${variable} is "${text}".`, "set it to a whole number");
}
