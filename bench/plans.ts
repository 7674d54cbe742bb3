/** What each bench starts: which programs, with which ranks, and how often. */

import { availableParallelism } from "node:os";
import type { Line } from "./bench.ts";
import type { BenchOptions } from "./options.ts";
import { showTable } from "./peers/table.ts";

export interface Plan {
  /** File in bench/, without its ending. */
  program: string;
  nodeArgs?: string[];
  /** Cases that it measures: `--case` picks programs by them. */
  cases: string[];
  /** Ranks where the command line names none; null: one process. */
  ranks: number | null;
  /** Fewer would have nothing to measure. Default: 1. */
  ranksMin?: number;
  /** The program measures once; so often it is started, and medians are taken over its lines. */
  repeat?: (options: BenchOptions) => number;
  /** Never under mpiexec. */
  oneProcess?: true;
  /** How many are measured in each case. Default: 1. */
  subjects?: number;
  /** Shows all lines at once, for people. Default: line by line. */
  table?: (lines: readonly Line[]) => string;
}

function fewStarts({ seconds, smoke }: BenchOptions): number {
  return smoke ? 1 : Math.max(3, Math.floor(seconds / 2));
}

export const plans: Record<string, Plan[]> = {
  native: [
    { program: "native", cases: ["range", "payload16", "fanout"], ranks: null },
    { program: "native-everywhere", cases: ["everywhere"], ranks: 2, repeat: fewStarts },
    { program: "native-sleep", cases: ["sleep10ms", "sleep100us"], ranks: null },
    { program: "native-roundtrip", cases: ["roundtrip"], ranks: 2, ranksMin: 2 },
  ],
  map: [{ program: "map", cases: ["f64", "msgpack64"], ranks: null }],
  calls: [{ program: "calls", cases: ["calls"], ranks: null, nodeArgs: ["--expose-gc"] }],
  dataflow: [{ program: "dataflow", cases: ["chain", "layered"], ranks: null }],
  memo: [{ program: "memo", cases: ["memory", "written", "kept"], ranks: null, oneProcess: true }],
  latency: [{ program: "latency", cases: ["awake", "asleep"], ranks: null }],
  shell: [{ program: "shell", cases: ["small", "floor", "rss1g"], ranks: null }],
  uts: [{ program: "uts", cases: ["native", "js"], ranks: null }],
  idle: [{ program: "idle", cases: ["idle"], ranks: null }],
  fill: [{ program: "fill", cases: ["rank0", "other"], ranks: 16 }],
  submit: [{ program: "submit", cases: ["range"], ranks: null }],
  start: [
    {
      program: "hello",
      cases: ["hello"],
      ranks: 16,
      repeat: fewStarts,
    },
  ],
  peers: [
    {
      program: "peers",
      cases: ["empty", "calls", "latency", "shell", "skewed"],
      ranks: null,
      oneProcess: true,
      subjects: 9,
      table: showTable,
    },
  ],
  micro: [
    { program: "micro", cases: ["crossings", "encode", "decode", "encode-many", "decode-many", "split"], ranks: null },
  ],
};

export const benchNames: string[] = Object.keys(plans);

/** Seconds after which a program must have ended: so long that only a hang exceeds it. */
export function secondsMax(plan: Plan, options: BenchOptions): number {
  const oversubscribed = Math.max(1, (options.ranks ?? plan.ranks ?? 1) / availableParallelism());
  return 120 + 20 * oversubscribed + 6 * options.seconds * plan.cases.length * (plan.subjects ?? 1);
}
