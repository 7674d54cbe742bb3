/** What each bench starts: which programs, with which ranks, and how often. */

import { availableParallelism } from "node:os";
import type { BenchOptions } from "./options.ts";

export interface Plan {
  /** File in bench/, without its ending. */
  program: string;
  nodeArgs?: string[];
  /** Cases that it measures: `--case` picks programs by them. */
  cases: string[];
  /** Ranks where the command line names none; null: one process. */
  ranks: number | null;
  /** The program measures once; so often it is started, and medians are taken over its lines. */
  repeat?: (options: BenchOptions) => number;
}

export const plans: Record<string, Plan[]> = {
  native: [
    { program: "native", cases: ["range", "payload16"], ranks: null },
    { program: "native-roundtrip", cases: ["roundtrip"], ranks: 2 },
  ],
};

export const benchNames: string[] = Object.keys(plans);

/** Seconds after which a program must have ended: so long that only a hang exceeds it. */
export function secondsMax(plan: Plan, options: BenchOptions): number {
  const oversubscribed = Math.max(1, (options.ranks ?? plan.ranks ?? 1) / availableParallelism());
  return 120 + 20 * oversubscribed + 6 * options.seconds * plan.cases.length;
}
