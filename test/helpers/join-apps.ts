/** Apps of the contract suite that return futures. */

import { type AppFuture, type JoinApp, joinApp } from "heddle";
import { add, counts, hangs, oddOnly, sleeps, square } from "./apps.ts";

export const fibonacci: JoinApp<[n: number], number> = joinApp("fibonacci", (n: number): AppFuture<number> | number =>
  n < 2 ? n : (add(fibonacci(n - 1), fibonacci(n - 2)) as AppFuture<number>),
);
export const fan: JoinApp<[n: number], { squares: number[]; by: Map<number, number> }> = joinApp(
  "fan",
  (n: number) => ({
    squares: Array.from({ length: n }, (_, k) => square(k)),
    by: new Map([[square(1), square(10)]]),
  }),
);
export const joinsBadly: JoinApp<[how: string], unknown> = joinApp("joinsBadly", async (how: string) => {
  if (how === "throw") throw new RangeError("no plan");
  return how === "fails" ? [oddOnly(2)] : [hangs(1)];
});
/** Its calls are not what it returns. */
export const joinsSleep: JoinApp<[seconds: number], number> = joinApp("joinsSleep", async (seconds: number) => {
  await square(1);
  const { exitCode } = await sleeps(seconds);
  return square(exitCode);
});
export const joinsCounts: JoinApp<[file: string, failures: number], number> = joinApp(
  "joinsCounts",
  (file: string, failures: number) => counts(file, failures),
);
