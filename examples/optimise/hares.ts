/** Hares that breed and are eaten, foxes that eat and die (Lotka and Volterra), and how far such a model is from what was observed. */

/** Hares born, hares eaten, foxes that die, foxes born: per day, of each; then foxes at the beginning, 1 being a full forest. */
export const TRUTH = [0.9, 1.4, 0.7, 1.1, 0.4] as const;

/** Where each parameter may lie. */
export const LIMITS: readonly (readonly [low: number, high: number])[] = TRUTH.map(() => [0.1, 2.5]);

const DAYS = 25;
const STEPS = 20; // Each day.

/** Hares and foxes of each day, one after the other. Runge-Kutta of order four. */
function simulate([born, eaten, die, breed, foxesAtFirst]: readonly number[]): Float64Array {
  const change = (h: number, f: number): [number, number] => [h * (born! - eaten! * f), f * (breed! * h - die!)];
  const days = new Float64Array(2 * DAYS);
  let [h, f] = [1, foxesAtFirst!];
  const dt = 1 / STEPS;
  for (let day = 0; day < DAYS; day++) {
    for (let step = 0; step < STEPS; step++) {
      const [h1, f1] = change(h, f);
      const [h2, f2] = change(h + (dt / 2) * h1, f + (dt / 2) * f1);
      const [h3, f3] = change(h + (dt / 2) * h2, f + (dt / 2) * f2);
      const [h4, f4] = change(h + dt * h3, f + dt * f3);
      h += (dt / 6) * (h1 + 2 * h2 + 2 * h3 + h4);
      f += (dt / 6) * (f1 + 2 * f2 + 2 * f3 + f4);
    }
    days.set([h, f], 2 * day);
  }
  return days;
}

let observed: Float64Array | null = null;

/** Mean square of the difference to what was observed. */
export function costOf(parameters: readonly number[]): number {
  observed ??= simulate(TRUTH);
  const there = observed;
  const sum = simulate(parameters).reduce((so, value, k) => so + (value - there[k]!) ** 2, 0);
  return Number.isFinite(sum) ? sum / there.length : 1e9;
}
