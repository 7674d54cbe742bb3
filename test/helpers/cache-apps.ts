// Apps whose tasks are counted, for tests of what is remembered.

import { type App, app } from "heddle";

/** Arguments of the tasks that ran. */
export const ran: number[] = [];

export const noted: App<[x: number], number> = app("noted", (x: number): number => {
  ran.push(x);
  return 2 * x;
});

/** Sums of these depend on their order. */
export const tenths: App<[x: number], number, Float64Array> = app(
  "tenths",
  (x: number): number => {
    ran.push(x);
    return x / 10;
  },
  { returns: "f64" },
);

/** Associative, but not in any order. */
export const ends: App<[a: Ends, b: Ends], Ends> = app(
  "ends",
  (a: Ends, b: Ends): Ends => ({
    first: a.first,
    last: b.last,
    count: a.count + b.count,
  }),
);

export const end: App<[x: number], Ends> = app("end", (x: number): Ends => {
  ran.push(x);
  return { first: x, last: x, count: 1 };
});

export interface Ends {
  first: number;
  last: number;
  count: number;
}
