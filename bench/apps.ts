/** The apps that benches run: as empty as can be. Every worker loads this file. */

import { type App, app, type BashApp, bashApp, context, range } from "heddle";

export const identity: App<[x: number], number, Float64Array> = app("bench-identity", (x: number): number => x, {
  returns: "f64",
});

export const echo: App<[value: number[]], number[]> = app("bench-echo", (value: number[]): number[] => value);

export const increment: App<[x: number], number> = app("bench-increment", (x: number): number => x + 1);

export const whichRank: App<[_: number], number, Int32Array> = app(
  "bench-which-rank",
  (_: number): number => context().rank,
  { returns: "i32" },
);

export const nothing: BashApp = bashApp("bench-true", ["/bin/true"]);

/** Milliseconds on a clock that all processes of a host share. */
const hostClock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Works for a millisecond; gives its rank and when it began. */
export const probe: App<[_: number], [rank: number, began: number]> = app(
  "bench-probe",
  (_: number): [rank: number, began: number] => {
    const began = hostClock();
    while (hostClock() < began + 1);
    return [context().rank, began];
  },
);

/** Submits that many probes from where it runs; gives that rank, when, and what they gave. */
export const fill: App<[tasks: number], [rank: number, submitted: number, probes: [number, number][]]> = app(
  "bench-fill",
  async (tasks: number): Promise<[rank: number, submitted: number, probes: [number, number][]]> => {
    const { rank } = context();
    const submitted = hostClock();
    return [rank, submitted, await probe.map(range(tasks)).collect()];
  },
);

/** Sums three results of a layer before. */
export const mix: App<[a: number, b: number, c: number], number> = app(
  "bench-mix",
  (a: number, b: number, c: number): number => (a + b + c + 1) % 1_000_003,
);

/** Remembers its results. */
export const remembered: App<[x: number], number> = app("bench-remembered", (x: number): number => x + 1, {
  cache: { version: "1" },
});
