import { expect, test } from "vitest";
import type { Line } from "../bench.ts";
import { showTable, withRatios } from "./table.ts";

function line(peer: string, name: string, figures: Partial<Line> = {}): Line {
  return { bench: "peers", case: name, ranks: 1, workers: 2, tasks: 10, rounds: 3, peer, version: "1.0", ...figures };
}

const lines = [
  line("Heddle", "empty", { tasks_per_s: 2_000_000 }),
  line("Heddle", "latency", { p50_us: 20 }),
  line("pool", "empty", { tasks_per_s: 500 }),
  line("pool", "latency", { p50_us: 50 }),
  line("commands", "shell", { tasks_per_s: 100 }),
];

test("a ratio is the peer's figure over Heddle's of the same case; without that there is none", () => {
  const ratios = withRatios(lines).map((one) => one["ratio"]);
  expect(ratios).toEqual([undefined, undefined, 0.00025, 2.5, undefined]);
});

test("peers are rows, cases that were measured are columns, and what a peer cannot do is a dash", () => {
  expect(showTable(withRatios(lines)).split("\n").slice(0, 4)).toEqual([
    "1 rank x 2    empty, tasks/s  latency, us  shell, commands/s",
    "Heddle 1.0    2 M             20           -",
    "pool 1.0      500 (0.00025)   50 (2.5)     -",
    "commands 1.0  -               -            100",
  ]);
});

test("of a peer that is not here the package is named, of one that failed the reason", () => {
  const rows = showTable([
    ...lines,
    line("absent", "missing", { from: "Debian: absent-package" }),
    line("broken", "failed", { from: "Debian: broken", reason: "it ended: no reason" }),
  ]).split("\n");
  expect(rows[4]).toBe("absent        missing (Debian: absent-package)");
  expect(rows[5]).toBe("broken        failed: it ended: no reason");
});
