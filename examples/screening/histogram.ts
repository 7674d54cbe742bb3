/** A histogram as inline SVG: bars inside the filter's window stand out, and ticks below mark the molecules that passed. */
import { escape } from "./drawing.ts";

export interface Histogram {
  readonly title: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** Values of the molecules that passed. */
  readonly passed: readonly number[];
  /** The filter's window, ends included. */
  readonly window: readonly [number, number];
}

const WIDTH = 340;
const HEIGHT = 190;
const LEFT = 8;
const RIGHT = 8;
const TOP = 10;
const BASE = 146; // y of the axis
const BARS = 32;

/** Round numbers, about five of them, that cover the range. */
export function scale(least: number, greatest: number): { step: number; from: number; to: number } {
  const rough = (greatest - least || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10) * power;
  const from = Math.floor(least / step) * step;
  return { step, from, to: Math.max(Math.ceil(greatest / step) * step, from + step) };
}

/** How many values fall in each of `count` equal parts of [from, to]. */
export function bins(values: readonly number[], from: number, to: number, count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const value of values) {
    const part = Math.floor(((value - from) / (to - from)) * count);
    const bin = Math.min(count - 1, Math.max(0, part));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

const round = (value: number): string => String(Number(value.toFixed(1)));

function bars(given: Histogram, x: (value: number) => number, from: number, to: number): string {
  const counts = bins(given.values, from, to, BARS);
  const tallest = Math.max(1, ...counts);
  const width = (to - from) / BARS;
  const [least, greatest] = given.window;
  return counts
    .map((count, k) => {
      const start = from + k * width;
      const middle = start + width / 2;
      const kind = middle >= least && middle <= greatest ? "in" : "out";
      const height = (count / tallest) * (BASE - TOP);
      const size = `width="${round(x(start + width) - x(start) - 1)}" height="${round(height)}"`;
      return `<rect class="${kind}" x="${round(x(start))}" y="${round(BASE - height)}" ${size}/>`;
    })
    .join("");
}

/** Draws it. The description tells a screen reader what the picture shows. */
export function histogram(given: Histogram): string {
  const { title, unit, values, passed } = given;
  const least = Math.min(...sample(values));
  const greatest = Math.max(...sample(values));
  const { step, from, to } = scale(least, greatest);
  const x = (value: number): number => LEFT + ((value - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const marks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, k) => from + k * step);
  const axis = marks
    .map((mark) => `<text x="${round(x(mark))}" y="${BASE + 30}">${Number(mark.toPrecision(6))}</text>`)
    .join("");
  const ticks = passed.map((value) => `<path d="M${round(x(value))} ${BASE + 4}v9"/>`).join("");
  const label = unit === "" ? title : `${title}, ${unit}`;
  const said = `${label}: ${values.length} molecules from ${least.toFixed(2)} to ${greatest.toFixed(2)}; ${passed.length} passed.`;
  return (
    `<figure><figcaption>${escape(title)}${unit === "" ? "" : ` <span>${escape(unit)}</span>`}</figcaption>` +
    `<svg role="img" viewBox="0 0 ${WIDTH} ${HEIGHT - 8}"><title>${escape(said)}</title>` +
    `${bars(given, x, from, to)}<path class="axis" d="M${LEFT} ${BASE}H${WIDTH - RIGHT}"/>` +
    `<g class="hits">${ticks}</g><g class="marks">${axis}</g></svg></figure>`
  );
}

/** Never empty, so that the least and the greatest exist. */
function sample(values: readonly number[]): readonly number[] {
  return values.length === 0 ? [0, 1] : values;
}
