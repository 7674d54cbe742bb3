/**
 * Question: what does it cost to submit a range of 10^9 tasks?
 * Expect:   the same as a range of ten: a header, two numbers and a message or two, whatever its length.
 * Read:     p50_us of the call that submits. bytes: growth of the process for each batch that is outstanding, heap, buffers
 *           and the engine's own memory together; sent_bytes: what went to other ranks, with their wake-up, until it was cancelled.
 */

import { measure, type Round } from "./bench.ts";
import { batch, openNative, serve } from "./native-session.ts";
import { benchOptions } from "./options.ts";

const TASKS = 1e9;

const options = benchOptions();
const session = openNative(0); // No slot: what is submitted stays outstanding.
if (session.rank > 0) {
  await serve(session);
} else {
  const range = batch({ app: "heddle:index", last: TASKS, results: "reduce", element: "i64", op: "sum" });
  const run = async (batches: number): Promise<Round> => {
    const latencies = new Float64Array(batches);
    const sent = session.stats().bytesSent;
    const memory = residentBytes();
    const numbers = new Float64Array(batches);
    for (let k = 0; k < batches; k++) {
      const began = performance.now();
      numbers[k] = session.submit(range);
      latencies[k] = 1e3 * (performance.now() - began);
    }
    const bytes = Math.max(0, residentBytes() - memory) / batches;
    for (const number of numbers) session.cancel(number);
    session.drain();
    return { latencies, figures: { bytes, sent_bytes: (session.stats().bytesSent - sent) / batches } };
  };
  const one = { name: "range", tasks: 1_000, tasksMax: 1_000, smokeTasks: 100, roundSeconds: 1, run };
  await measure({ name: "submit", ranks: session.ranks, workers: 0, cases: [one] }, options);
  session.close(10_000);
}

function residentBytes(): number {
  return process.memoryUsage.rss();
}
