// Apps whose tasks are counted, for tests of what is remembered.

import { type App, app } from "heddle";

/** Arguments of the tasks that ran. */
export const ran: number[] = [];

export const noted: App<[x: number], number> = app("noted", (x: number): number => {
  ran.push(x);
  return 2 * x;
});
