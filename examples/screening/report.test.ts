import { expect, test, vi } from "vitest";
import { parse } from "./chemistry.ts";
import { drawing, escape } from "./drawing.ts";
import { passes, scoreOf, windows } from "./filter.ts";
import { bins, histogram, scale } from "./histogram.ts";
import { propertiesOf, Risk } from "./properties.ts";
import { type Molecule, report } from "./report.ts";
import { table } from "./table.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const smiles = "O=C(N9CCN(C)CC9)c1ccc(N2CCN(CC9CC9)CC2)cc1";
const properties = propertiesOf(parse(smiles));
const molecule: Molecule = { ...properties, index: 7, smiles, scaffold: "a <scaffold>", energy: 80, score: 0.87654 };

test("the filter keeps the ends of its windows, and no risk of any kind", () => {
  const good = {
    ...properties,
    mass: windows.mass[1],
    risks: [Risk.none, Risk.none, Risk.none, Risk.none],
    drugScore: 0.95,
  };
  expect(passes({ ...good, logP: 2, rotatableBonds: 4, druglikeness: 9 })).toBe(true);
  expect(passes({ ...good, logP: 3.01, rotatableBonds: 4, druglikeness: 9 })).toBe(false);
  expect(passes({ ...good, logP: 2, rotatableBonds: 4, druglikeness: 9, risks: [1, 1, 2, 1] })).toBe(false);
});

test("the score is the drug score less strain, and relaxed molecules get no bonus", () => {
  const found = { ...properties, drugScore: 0.9, heavyAtoms: 20 };
  expect(scoreOf(found, 40)).toBeCloseTo(0.9 - 0.02 * 2, 12);
  expect(scoreOf(found, -40)).toBe(0.9);
});

test("the table is aligned and has one line for each molecule", () => {
  const lines = table([molecule, { ...molecule, mass: 9 }]).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[1]).toContain("0.877");
  expect(new Set(lines.map((line) => line.search(/scaffold|a </))).size).toBe(1);
});

test("the report needs nothing else, and text in it is text", () => {
  const html = report(
    { enumerated: 2, properties: [properties, properties], passed: 1, ranked: [molecule], digest: "d" },
    20,
  );
  expect(html).not.toMatch(/<script|<link|src=|href=|@import|url\(/);
  expect(html).toContain("a &lt;scaffold&gt;");
  expect(html).toContain(`<title>Structure of number 1: ${escape(smiles)}</title>`);
  expect(html.match(/<svg/g)).toHaveLength(7); // one drawing, six histograms
});

test("a report without hits says so", () => {
  const html = report({ enumerated: 1, properties: [properties], passed: 0, ranked: [], digest: "d" }, 20);
  expect(html).toContain("No molecule passed the filter.");
});

test("drawings carry no ids, and their colours stand out on white", () => {
  const svg = drawing("Fc1ccccc1", "fluorobenzene");
  expect(svg).not.toMatch(/ id=|class=|<style/);
  expect(svg).not.toContain("rgb(144,224,80)");
  expect(svg).toContain("<title>fluorobenzene</title>");
});

test("every value falls in a bin, the greatest in the last", () => {
  expect(bins([0, 0.4, 1, 2], 0, 2, 4)).toEqual([2, 0, 1, 1]);
});

test("scales are round and cover the values", () => {
  expect(scale(107, 497)).toEqual({ step: 100, from: 100, to: 500 });
  expect(scale(3, 3).to).toBeGreaterThan(3);
});

test("a histogram of nothing is drawn all the same", () => {
  expect(histogram({ title: "t", unit: "", values: [], passed: [], window: [0, 1] })).toContain("0 molecules");
});
