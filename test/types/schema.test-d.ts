// Apps with schemas: what must and must not type-check. Compiled with the rest, never run.

import { type AppFuture, app } from "heddle";
import * as z from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

const Molecule = z.object({ smiles: z.string(), charge: z.number().default(0) });
// The function has no types of its own: they come from the schemas.
const named = app("t-named", ({ smiles, charge }, copies) => `${smiles}${charge}`.repeat(copies), {
  input: [Molecule, z.number()],
});
const counted = app("t-counted", (x) => x.length, { input: z.string(), output: z.number().transform(String) });
const doubled = app("t-numbers", (x) => x * 2, { input: z.coerce.number(), returns: "f64" });
const halved = app("t-halved", (x: number, y: string) => [x / 2, y] as [number, string], {
  output: z.tuple([z.number(), z.string()]),
});

async function schemas(): Promise<void> {
  same<ReturnType<typeof named>, AppFuture<string>>(true);
  await named({ smiles: "C" }, Promise.resolve(2));
  await named(
    { smiles: "C", charge: 1 },
    counted.map(["a"]).then(() => 1),
  );
  same<ReturnType<typeof counted>, AppFuture<string>>(true);
  same<Awaited<ReturnType<typeof doubled.map>>, Float64Array>(true);
  await doubled("1");
  same<Awaited<ReturnType<typeof halved>>, [number, string]>(true);
  await halved(1, "a");
  // @ts-expect-error the schema wants a text
  await counted(1);
  // @ts-expect-error an argument is missing
  await named({ smiles: "C" });
  // @ts-expect-error a property is missing
  await named({ charge: 1 }, 1);
}

// @ts-expect-error the result does not fit the schema
app("t-unfit", (x: number) => x, { output: z.string() });
// @ts-expect-error the parameter is not what the schema makes
app("t-odd", (x: number) => x, { input: z.string() });
// @ts-expect-error no schema
app("t-none", (x: number) => x, { input: "number" });
void schemas;
