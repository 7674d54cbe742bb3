/**
 * Question: how long does a message take from fabric thread to fabric thread of another rank and back? And a native task that runs there?
 * Expect:   awake, some microseconds: encode, send, poll. Asleep, two wake-ups of a futex more. A task: two messages, two hand-overs
 *           between threads, and the program that looks for its end.
 * Read:     p50_us is the message awake; asleep_p50_us with 20 ms of rest before each; task_p50_us one task after the other, awake.
 */

import { detectLaunch } from "../src/launchers/detect.ts";
import { measure, type Round } from "./bench.ts";
import { batch, openNative, runOneAwake, serve } from "./native-session.ts";
import { benchOptions } from "./options.ts";
import { quantile } from "./statistics.ts";

const PAUSE_US = 20_000; // Long enough for every thread to fall asleep.
const PEER = 1;

const options = benchOptions();
// Rank 0 has no slot, so that its tasks must go elsewhere.
const launch = detectLaunch(process.env);
const session = openNative(launch.kind === "mpi" && launch.rank === 0 ? 0 : 1);
if (session.native.rank > 0) {
  await serve(session);
} else {
  const run = async (tasks: number): Promise<Round> => {
    const awake = session.native.ping(PEER, tasks, 0);
    const asleep = session.native.ping(PEER, options.smoke ? 5 : 25, PAUSE_US);
    const task = taskTimes(Math.ceil(tasks / 10));
    return {
      latencies: microseconds(awake),
      figures: {
        asleep_p50_us: quantile(microseconds(asleep), 0.5),
        asleep_p99_us: quantile(microseconds(asleep), 0.99),
        task_p50_us: quantile(task, 0.5),
        task_p99_us: quantile(task, 0.99),
      },
    };
  };
  await measure(
    {
      name: "native",
      ranks: session.native.ranks,
      workers: 1,
      cases: [{ name: "roundtrip", tasks: 2_000, tasksMax: 20_000, smokeTasks: 100, run }],
    },
    options,
  );
  session.native.close(10_000);
}

function taskTimes(tasks: number): Float64Array {
  const times = new Float64Array(tasks);
  const one = batch({ app: "heddle:noop", stream: true });
  const before = session.native.stats().tasksRun;
  for (let k = 0; k < tasks; k++) {
    const began = performance.now();
    runOneAwake(session, one);
    times[k] = 1e3 * (performance.now() - began);
  }
  if (session.native.stats().tasksRun !== before) throw new Error("roundtrip: rank 0 ran a task itself");
  return times;
}

function microseconds(times: Float64Array): Float64Array {
  if (times.length === 0) throw new Error("roundtrip: the other rank did not answer");
  return times.map((ns) => ns / 1e3);
}
