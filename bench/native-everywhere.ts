/**
 * Question: how many empty native tasks per second, where every rank submits its own?
 * Expect:   16 bytes of arguments each, which need not leave their rank: more than `payload16`, and as many however many ranks there are.
 * Read:     tasks/s of all ranks together, from when rank 0 gives the word until all tasks of all ranks have run. Every sum is checked,
 *           by the rank that submitted. One round for each start of the ranks.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { lineOf, newMeasured, print, runRound } from "./bench.ts";
import { makeRows, openNative, type Rows, serve, slotsOfRank, submitter, sumOf } from "./native-session.ts";
import { benchOptions } from "./options.ts";

const ROWS = 1 << 20;
const AT_ONCE = 2; // Batches under way on each rank.

const options = benchOptions();
const slots = options.workers ?? slotsOfRank();
const session = openNative(slots);
const { rank, ranks } = session.native;
const submit = submitter(session);
const rows = makeRows(options.smoke ? 10_000 : ROWS);
const batches = options.smoke ? AT_ONCE : Math.ceil((400 * Math.min(options.seconds, 8)) / ranks);

if (rank > 0) {
  // The word is a task that may run here only.
  while (session.native.stats().tasksRun === 0) await sleep(1);
  await submitAll(rows);
  await submit({ app: "heddle:noop", placement: "only", target: 0 }); // All sums are right.
  session.native.onEvents(() => {}); // Who serves drains by itself.
  await serve(session);
} else {
  const place = { name: "native", ranks, workers: slots, stats: () => session.native.gatherStats(10_000) };
  const tasks = batches * rows.count * ranks;
  const run = async (): Promise<Record<string, never>> => {
    const words = Array.from({ length: ranks - 1 }, (_, k) =>
      submit({ app: "heddle:noop", placement: "only", target: k + 1 }),
    );
    await Promise.all([...words, submitAll(rows)]);
    const ran = (): number => session.native.gatherStats(10_000).reduce((sum, stats) => sum + stats.tasksRun, 0);
    while (ran() < tasks + 2 * words.length) await sleep(2);
    return {};
  };
  const measured = newMeasured(tasks);
  await sleep(500); // Others make their rows.
  await runRound(place, { name: "everywhere", tasks, smokeTasks: tasks, run }, measured);
  print(lineOf(place, "everywhere", measured, options.smoke));
  session.native.close(10_000);
}

async function submitAll({ bytes, count, sum }: Rows): Promise<void> {
  let left = batches;
  const line = async (): Promise<void> => {
    while (left-- > 0) {
      const fixed = { args: "fixed", columns: ["u64", "u64"], bytes, last: count } as const;
      const records = await submit({
        ...fixed,
        columns: [...fixed.columns],
        app: "heddle:sum16",
        results: "reduce",
        element: "u64",
        op: "sum",
      });
      if (sumOf(records) !== sum(count)) throw new Error(`everywhere: the sum of rank ${rank} is ${sumOf(records)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}
