/** The apps that benches run: as empty as can be. Every worker loads this file. */

import { type App, app, type BashApp, bashApp, context } from "heddle";

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
