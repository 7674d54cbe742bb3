/**
 * Question: what does it cost to submit a range of 10^9 tasks?
 * Expect:   the same as a range of ten: a header, two numbers and, where a rank waits for work, one message.
 * Read:     p50_us of the call that submits. bytes: growth of the process for each batch that is outstanding, heap, buffers
 *           and the engine's own memory together. sent_bytes: what goes to other ranks when they wait, and the cancel after it.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { detectLaunch } from "../src/launchers/detect.ts";
import { measure, type Round } from "./bench.ts";
import { batch, openNative, serve } from "./native-session.ts";
import { benchOptions } from "./options.ts";
import { significant } from "./statistics.ts";

const TASKS = 1e9;
const MESSAGES = 20;
const SETTLED_MS = 5; // Until a range has arrived at whoever waited for one, or a cancel has.

const options = benchOptions();
const launch = detectLaunch(process.env);
// Rank 0 has no slot: what it submits stays outstanding, or goes to another rank.
const session = openNative(launch.kind === "mpi" && launch.rank > 0 ? 1 : 0);
const range = batch({ app: "heddle:index", last: TASKS, results: "reduce", element: "i64", op: "sum" });

if (session.native.rank > 0) {
  await serve(session);
} else {
  const sent = session.native.ranks === 1 ? {} : { sent_bytes: await sentBytes() };
  const bytes = residentBytes(options.smoke ? 2_000 : 20_000);
  const run = async (batches: number): Promise<Round> => {
    const latencies = new Float64Array(batches);
    for (let k = 0; k < batches; k++) {
      const began = performance.now();
      const number = session.submit(range);
      latencies[k] = 1e3 * (performance.now() - began);
      session.native.cancel(number);
    }
    session.drain();
    return { latencies, figures: { bytes: significant(bytes), ...sent } };
  };
  const one = { name: "range", tasks: 1_000, tasksMax: 1_000, smokeTasks: 100, roundSeconds: 1, run };
  await measure({ name: "submit", ranks: session.native.ranks, workers: 0, cases: [one] }, options);
  session.native.close(10_000);
}

// Only once: what a process has freed it takes again, so a second look would see no growth.
function residentBytes(batches: number): number {
  session.native.cancel(session.submit(range));
  const numbers = new Float64Array(batches);
  const before = process.memoryUsage.rss();
  for (let k = 0; k < batches; k++) numbers[k] = session.submit(range);
  const bytes = (process.memoryUsage.rss() - before) / batches;
  for (const number of numbers) session.native.cancel(number);
  session.drain();
  return bytes;
}

async function sentBytes(): Promise<number> {
  await sleep(200); // Until the others wait.
  const before = session.native.stats().bytesSent;
  for (let k = 0; k < MESSAGES; k++) {
    const number = session.submit(range);
    await sleep(SETTLED_MS);
    session.native.cancel(number);
    await sleep(SETTLED_MS);
  }
  session.drain();
  return (session.native.stats().bytesSent - before) / MESSAGES;
}
