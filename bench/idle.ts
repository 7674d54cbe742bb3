/**
 * Question: what does an idle rank cost (CPU time, memory), and how soon does it wake?
 * Expect:   far below 1 % of a core: threads sleep on futexes, and only heartbeats and timers wake them. Memory: Node and MPI.
 * Read:     cpu_pct is the part of a core that a rank burns, the median and the most of all ranks; pss_mb the memory that is its
 *           own, shared pages counted in part. wake_p50_us: a call after 100 ms of rest, until its result.
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { whichRank } from "./apps.ts";
import { print } from "./bench.ts";
import { placeOf, startEngine } from "./engine.ts";
import { benchOptions } from "./options.ts";
import { announceProcess, processesOfRanks } from "./processes.ts";
import { median, quantile, significant } from "./statistics.ts";

const options = benchOptions();
announceProcess();
await using engine = await startEngine(options);

const pids = await processesOfRanks(engine.ranks);
const wakes = options.smoke ? 5 : 50;
const latencies = new Float64Array(wakes);
await whichRank(0); // Until the worker is there.
for (let k = 0; k < wakes; k++) {
  await sleep(options.smoke ? 10 : 100);
  const began = performance.now();
  await whichRank(k);
  latencies[k] = 1e3 * (performance.now() - began);
}

await sleep(options.smoke ? 100 : 2_000); // What starting left to do: compiling, garbage.
const before = pids.map(cpuSeconds);
const began = performance.now();
await sleep(1e3 * (options.smoke ? 0.3 : options.seconds));
const seconds = (performance.now() - began) / 1e3;
const burnt = pids.map((pid, k) => (100 * (cpuSeconds(pid) - before[k]!)) / seconds);
const pss = pids.map(pssMegabytes);

print({
  bench: "idle",
  case: "idle",
  ...placeOf(engine, options),
  tasks: wakes,
  rounds: 1,
  ...(options.smoke ? { smoke: true } : {}),
  seconds: significant(seconds),
  cpu_pct: significant(median(burnt)),
  cpu_pct_max: significant(Math.max(...burnt)),
  pss_mb: significant(median(pss)),
  pss_mb_max: significant(Math.max(...pss)),
  wake_p50_us: significant(quantile(latencies, 0.5)),
  wake_p99_us: significant(quantile(latencies, 0.99)),
});

/** User and system time of all threads of a process so far. */
function cpuSeconds(pid: number): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  const [user, system] = [Number(afterName[11]), Number(afterName[12])];
  return (user + system) / 100; // In ticks of 10 ms, whatever the kernel's own.
}

function pssMegabytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1];
  return Number(kilobytes) / 1024;
}
