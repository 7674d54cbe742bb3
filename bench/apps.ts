/** The apps that benches run: as empty as can be. Every worker loads this file. */

import { app, bashApp, context } from "heddle";

export const identity = app("bench-identity", (x: number): number => x, { returns: "f64" });

export const echo = app("bench-echo", (value: number[]): number[] => value);

export const increment = app("bench-increment", (x: number): number => x + 1);

export const whichRank = app("bench-which-rank", (_: number): number => context().rank, { returns: "i32" });

export const nothing = bashApp("bench-true", ["/bin/true"]);
