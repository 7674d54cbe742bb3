/** The report: one HTML file that needs nothing else, with the best molecules drawn and the whole library in histograms. */
import { drawing, escape } from "./drawing.ts";
import { ENERGY_WEIGHT, type Windowed, windows } from "./filter.ts";
import { histogram } from "./histogram.ts";
import { type Properties, Risk } from "./properties.ts";
import { style } from "./style.ts";

/** A molecule that passed the filter, with its place in the library. */
export interface Molecule extends Properties {
  readonly index: number;
  readonly smiles: string;
  readonly scaffold: string;
  /** MMFF94 energy of the minimised conformer, kcal/mol. */
  readonly energy: number;
  readonly score: number;
}

/** All that a screening found. */
export interface Screening {
  readonly enumerated: number;
  /** Of each distinct molecule, in the order of the library. */
  readonly properties: readonly Properties[];
  /** How many passed the filter. */
  readonly passed: number;
  /** Those that passed and have a conformer, the best first. */
  readonly ranked: readonly Molecule[];
  /** SHA-256 of all results in the order of the library, hexadecimal. */
  readonly digest: string;
}

const NAMES: Readonly<Record<Windowed, { title: string; unit: string }>> = {
  mass: { title: "Molecular mass", unit: "g/mol" },
  logP: { title: "logP", unit: "octanol/water" },
  logS: { title: "logS", unit: "mol/l" },
  polarSurface: { title: "Polar surface", unit: "Å²" },
  donors: { title: "Hydrogen-bond donors", unit: "" },
  acceptors: { title: "Hydrogen-bond acceptors", unit: "" },
  rotatableBonds: { title: "Rotatable bonds", unit: "" },
  druglikeness: { title: "Drug-likeness", unit: "" },
  drugScore: { title: "Drug score", unit: "" },
};

const SHOWN: readonly Windowed[] = ["mass", "logP", "logS", "polarSurface", "druglikeness", "drugScore"];

const count = (value: number): string => value.toLocaleString("en-US");

function card(molecule: Molecule, place: number): string {
  const facts: [string, string][] = [
    ["Drug score", molecule.drugScore.toFixed(3)],
    ["Drug-likeness", molecule.druglikeness.toFixed(2)],
    ["Mass", molecule.mass.toFixed(2)],
    ["logP", molecule.logP.toFixed(2)],
    ["logS", molecule.logS.toFixed(2)],
    ["Polar surface", `${molecule.polarSurface.toFixed(1)} Å²`],
    ["MMFF94", `${molecule.energy.toFixed(2)} kcal/mol`],
  ];
  const list = facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("");
  const title = `Structure of number ${place}: ${molecule.smiles}`;
  return `<li><article aria-labelledby="m${place}">
<header><span class="place">${place}</span><h3 id="m${place}">${escape(molecule.scaffold)}</h3><span class="score"><span class="sr">score </span>${molecule.score.toFixed(3)}</span></header>
<div class="picture">${drawing(molecule.smiles, title)}</div>
<dl>${list}</dl>
<code>${escape(molecule.smiles)}</code>
</article></li>`;
}

function range([least, greatest]: readonly [number, number]): string {
  if (greatest === Number.POSITIVE_INFINITY) return `at least ${least}`;
  return least === 0 ? `at most ${greatest}` : `${least} to ${greatest}`;
}

function filterTable(screening: Screening): string {
  const rows = Object.entries(windows).map(([name, window]) => {
    const { title, unit } = NAMES[name as Windowed];
    const inside = screening.properties.filter((p) => {
      const value = p[name as Windowed];
      return value >= window[0] && value <= window[1];
    });
    return row(unit === "" ? title : `${title}, ${unit}`, range(window), inside.length);
  });
  const clean = screening.properties.filter((p) => p.risks.every((risk) => risk === Risk.none));
  rows.push(row("Toxicity flags", "none of four", clean.length));
  return `<table><thead><tr><th scope="col">Property</th><th scope="col">Window</th><th scope="col" class="number">Inside</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>`;
}

function row(name: string, window: string, inside: number): string {
  return `<tr><th scope="row">${escape(name)}</th><td>${window}</td><td class="number">${count(inside)}</td></tr>`;
}

function histograms(screening: Screening): string {
  return SHOWN.map((name) =>
    histogram({
      ...NAMES[name],
      values: screening.properties.map((p) => p[name]),
      passed: screening.ranked.map((p) => p[name]),
      window: windows[name],
    }),
  ).join("\n");
}

function numbers(screening: Screening): string {
  const facts: [number, string][] = [
    [screening.enumerated, "enumerated"],
    [screening.properties.length, "distinct"],
    [screening.passed, "passed the filter"],
  ];
  return facts.map(([n, what]) => `<div><dt>${what}</dt><dd>${count(n)}</dd></div>`).join("");
}

/** The whole page. Its bytes depend on the results alone. */
export function report(screening: Screening, top: number): string {
  const best = screening.ranked.slice(0, top);
  const cards =
    best.length === 0
      ? "<p>No molecule passed the filter.</p>"
      : `<ol class="cards">${best.map((molecule, k) => card(molecule, k + 1)).join("\n")}</ol>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Screening report</title>
<style>${style}</style>
</head>
<body>
<header class="page">
<h1>Screening report</h1>
<p>A combinatorial library of drug-like molecules: enumerated, freed of duplicates, filtered and ranked.</p>
<dl class="numbers">${numbers(screening)}</dl>
</header>
<main>
<section aria-labelledby="best">
<h2 id="best">The best ${best.length}</h2>
<p>Score: the drug score less ${ENERGY_WEIGHT} for each kcal/mol of MMFF94 energy per heavy atom.</p>
${cards}
</section>
<section aria-labelledby="library">
<h2 id="library">The library</h2>
<p class="legend"><span class="key in"></span> inside the filter’s window <span class="key out"></span> outside <span class="key hit"></span> a molecule that passed all windows</p>
<div class="histograms">${histograms(screening)}</div>
</section>
<section aria-labelledby="filter">
<h2 id="filter">The filter</h2>
<p>A molecule gets a conformer when it is inside every window.</p>
${filterTable(screening)}
</section>
</main>
<footer><p>Properties, conformers and drawings by openchemlib. Digest of all results: <code>${screening.digest}</code></p></footer>
</body>
</html>
`;
}
