/**
 * Question: how many calls per second whose results are known already: from memory, and from a checkpoint? What does keeping them cost?
 * Expect:   a key per call, which is a hash of its arguments; no task. Keeping costs a write to the checkpoint, in groups.
 * Read:     calls/s, all made in one turn and all awaited. `memory`: the same calls for the second time. `kept`: of a checkpoint that an engine
 *           before has written; open_ms is what its start took longer than one without. `written`: calls/s that run and are kept
 *           (mode "task"); cost_us is what each took longer than without a checkpoint, in the same round.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckpointOptions, start } from "heddle";
import { remembered } from "./apps.ts";
import { lineOf, type Measured, newMeasured, print } from "./bench.ts";
import { workersOfRank } from "./engine.ts";
import { benchOptions } from "./options.ts";

const options = benchOptions();
const workers = workersOfRank(options);
const calls = options.smoke ? 2_000 : 100_000;
const kept = options.smoke ? 2_000 : 1_000_000;
const rounds = options.smoke ? 1 : 3;
const folder = mkdtempSync(join(tmpdir(), "heddle-bench-memo-"));

try {
  const cases = { memory, written, kept: fromCheckpoint };
  for (const [name, measureCase] of Object.entries(cases)) {
    if (options.only !== null && options.only !== name) continue;
    const measured = await measureCase();
    print(lineOf({ name: "memo", ranks: 1, workers }, name, measured, options.smoke));
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function memory(): Promise<Measured> {
  const measured = newMeasured(calls);
  await withEngine(undefined, async () => {
    await callAll(calls);
    for (let round = 0; round < (options.smoke ? 1 : 12); round++) {
      const seconds = await callAll(calls);
      if (round > 2 || options.smoke) measured.seconds.push(seconds); // The first ones compile.
    }
  });
  return measured;
}

async function written(): Promise<Measured> {
  const measured = newMeasured(calls);
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await withEngine(undefined, () => callAll(calls));
    const path = join(folder, `written-${round}.mdb`);
    const seconds = await withEngine({ path, mode: "task" }, () => callAll(calls));
    measured.seconds.push(seconds.result);
    costs.push((1e6 * (seconds.result - without.result)) / calls);
  }
  measured.figures["cost_us"] = costs;
  return measured;
}

async function fromCheckpoint(): Promise<Measured> {
  const measured = newMeasured(kept);
  const checkpoint: CheckpointOptions = { path: join(folder, "kept.mdb"), mode: "exit" };
  await withEngine(checkpoint, () => callAll(kept));
  const opening: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const bare = await withEngine(undefined, async () => 0);
    const filled = await withEngine(checkpoint, () => callAll(kept));
    measured.seconds.push(filled.result);
    opening.push(filled.startMs - bare.startMs);
  }
  measured.figures["open_ms"] = opening;
  return measured;
}

/** One engine after the other: each knows only what the one before has written. */
async function withEngine<T>(
  checkpoint: CheckpointOptions | undefined,
  body: () => Promise<T>,
): Promise<{ result: T; startMs: number }> {
  const began = performance.now();
  const apps = [new URL("./apps.js", import.meta.url)];
  await using _engine = await start({ apps, workers, ...(checkpoint === undefined ? {} : { checkpoint }) });
  const startMs = performance.now() - began;
  return { result: await body(), startMs };
}

async function callAll(count: number): Promise<number> {
  const began = performance.now();
  const results = await Promise.all(Array.from({ length: count }, (_, k) => remembered(k)));
  const seconds = (performance.now() - began) / 1e3;
  for (const [k, result] of results.entries()) if (result !== k + 1) throw new Error(`memo: result ${k} is ${result}`);
  return seconds;
}
