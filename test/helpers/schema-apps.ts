/** Apps with schemas. */

import { type App, app } from "heddle";
import * as z from "zod";

const Atom = z.object({ symbol: z.string(), mass: z.number().positive() });

interface Molecule {
  atoms: { symbol: string; mass: number }[];
}

export const massOf: App<[Molecule], number> = app(
  "massOf",
  ({ atoms }) => atoms.reduce((sum, { mass }) => sum + mass, 0),
  {
    input: z.object({ atoms: z.array(Atom) }),
    output: z.number(),
  },
);
/** Its function gets what the schemas make of the arguments. */
export const later: App<[unknown, number | undefined], string> = app(
  "later",
  (text, days) => new Date(text.getTime() + days * 86_400_000).toISOString(),
  {
    input: [z.coerce.date(), z.number().default(1)],
    output: z.string().transform((text) => text.slice(0, 10)),
  },
);
export const wrong: App<[x: number], { half: number }> = app(
  "wrong",
  (x: number) => ({ half: x % 2 === 0 ? x / 2 : (`${x}/2` as unknown as number) }),
  {
    output: z.object({ half: z.number() }),
  },
);
export const slowly: App<[number], number, Float64Array> = app("slowly", (x) => x + 1, {
  input: z.number().refine(async (x) => x < 10, "too large"),
  returns: "f64",
});
