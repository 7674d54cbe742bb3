import { expect, test, vi } from "vitest";
import { conformerEnergy } from "./conformer.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const piperazine = "O=C(C1CC1)N1CCN(C)CC1";
const morpholine = "O=C(C1CC1)N1CCOCC1";

test("the energy of a conformer depends on its molecule alone, not on what came before", async () => {
  const first = await conformerEnergy(piperazine);
  const after = await conformerEnergy(morpholine);
  expect(await conformerEnergy(morpholine)).toBe(after);
  expect(await conformerEnergy(piperazine)).toBe(first);
});

test("minimised ethanol has its MMFF94 energy", async () => {
  expect(await conformerEnergy("CCO")).toBeCloseTo(-1.517, 2);
});
