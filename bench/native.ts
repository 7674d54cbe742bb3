/**
 * Question: how many empty native tasks per second can the scheduler itself do, over ranks?
 * Expect:   `range`: each task is a call through the app's function pointer, and nothing else is per task: hundreds of millions,
 *           limited by the cores. `payload16`: rank 0 submits all rows, so what it can copy and send limits the others. `fanout`: one
 *           task spawns two, each of them two, and so on: those that a slot runs itself cost a push and a pop.
 * Read:     tasks/s, median of the rounds; every sum is checked. Shares below 0.5: the rate does not count.
 */

import type { SubmitOptions } from "../src/native/binding.ts";
import { measure, type Round } from "./bench.ts";
import { makeRows, openNative, type Rows, serve, slotsOfRank, submitter, sumOf } from "./native-session.ts";
import { benchOptions } from "./options.ts";

const ROWS = 1 << 22; // 64 MiB of arguments: no cache holds them. More tasks are further batches of the same rows.

const options = benchOptions();
const slots = options.workers ?? slotsOfRank();
const session = openNative(slots);
if (session.native.rank > 0) {
  await serve(session);
} else {
  const submit = submitter(session);
  let rows: Rows | null = null;

  const range = async (tasks: number): Promise<Round> => {
    const records = await submit({ app: "heddle:index", last: tasks, results: "reduce", element: "i64", op: "sum" });
    const sum = (BigInt(tasks) * BigInt(tasks - 1)) / 2n;
    if (sumOf(records) !== sum) throw new Error(`range: the sum is ${sumOf(records)}, not ${sum}`);
    return {};
  };
  const payload16 = async (tasks: number): Promise<Round> => {
    rows ??= makeRows(ROWS);
    const { bytes, sum } = rows;
    const batches: Promise<void>[] = [];
    for (let left = tasks; left > 0; left -= ROWS) {
      const last = Math.min(left, ROWS);
      const rowsOfBatch = bytes.subarray(0, 16 * last);
      const fixed: Partial<SubmitOptions> = { args: "fixed", columns: ["u64", "u64"], bytes: rowsOfBatch, last };
      const ended = submit({ ...fixed, app: "heddle:sum16", results: "reduce", element: "u64", op: "sum" });
      batches.push(
        ended.then((records) => {
          if (sumOf(records) !== sum(last)) throw new Error(`payload16: the sum of ${last} rows is ${sumOf(records)}`);
        }),
      );
    }
    await Promise.all(batches);
    return {};
  };

  const fanout = async (tasks: number): Promise<Round> => {
    const depth = Math.round(Math.log2(tasks + 1)) - 1;
    const argument: Partial<SubmitOptions> = { start: depth, step: 0, last: 1 };
    const records = await submit({ app: "heddle:fanout", ...argument, results: "reduce", element: "u64", op: "sum" });
    const nodes = 2 ** (depth + 1) - 1;
    if (sumOf(records) !== BigInt(nodes)) throw new Error(`fanout: ${sumOf(records)} tasks ran, not ${nodes}`);
    return { tasks: nodes };
  };

  await measure(
    {
      name: "native",
      ranks: session.native.ranks,
      workers: slots,
      stats: () => session.native.gatherStats(10_000),
      cases: [
        { name: "range", tasks: 20_000_000, smokeTasks: 3_000_000, roundSeconds: 1.3, run: range },
        { name: "payload16", tasks: 1_000_000, smokeTasks: 300_000, run: payload16 },
        { name: "fanout", tasks: 1_000_000, smokeTasks: 300_000, run: fanout },
      ],
    },
    options,
  );
  session.native.close(10_000);
}
