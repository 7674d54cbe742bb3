/** The apps of the service. They live apart from the server: every worker loads this file, and none loads the server. */
import { type App, app } from "heddle";

/** The prime factors of an integer from 1 to 2^53 - 1, the least first. Trial division: a second or two for the greatest. */
export const factors: App<[n: number], number[]> = app(
  "factors",
  (n: number): number[] => {
    const found: number[] = [];
    let rest = n;
    for (let p = 2; p * p <= rest; p += p === 2 ? 1 : 2) {
      while (rest % p === 0) {
        found.push(p);
        rest /= p;
      }
    }
    if (rest > 1) found.push(rest);
    return found;
  },
  { walltime: 60 },
);
