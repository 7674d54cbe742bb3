/** The processes of all ranks of a bench, on one machine: each leaves a file with its number in a folder of this run. */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const folder = join(tmpdir(), `heddle-bench-${process.env["HEDDLE_BENCH_STARTED"]}`);

/** On every rank, before the engine starts. */
export function announceProcess(): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, String(process.pid)), "");
}

/** On rank 0: the numbers, once all ranks are there. */
export async function processesOfRanks(ranks: number): Promise<number[]> {
  for (;;) {
    const names = readdirSync(folder);
    if (names.length >= ranks) {
      rmSync(folder, { recursive: true });
      return names.map(Number);
    }
    await sleep(20);
  }
}
