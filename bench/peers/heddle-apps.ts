/** The apps of Heddle among its peers. Every worker loads this file. */

import { type App, app, type BashApp, bashApp } from "heddle";
import * as tasks from "./tasks.ts";

const number = { returns: "f64" } as const;

export const increment: App<[x: number], number, Float64Array> = app("peers-increment", tasks.increment, number);
export const pause: App<[ms: number], number, Float64Array> = app("peers-pause", tasks.pause, number);
export const succeed: BashApp = bashApp("peers-true", ["/bin/true"]);
