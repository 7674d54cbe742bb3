/**
 * Question: how well are the slots of many ranks kept busy by native tasks that sleep, submitted on rank 0? In how many messages?
 * Expect:   `sleep10ms`: nearly as soon done as by as many bare threads, since a slot asks for work before it has none. `sleep100us`: a grant
 *           is a range of tasks, so messages grow with steals and not with tasks.
 * Read:     efficiency: time of bare threads with one counter (bare_s, measured in turns with it) over this one's. messages_per_task and
 *           bytes_per_task: what all ranks sent in a round.
 */

import { loadBinding } from "../src/native/load.ts";
import { measure, type Round } from "./bench.ts";
import { openNative, serve, submitter } from "./native-session.ts";
import { benchOptions } from "./options.ts";

const SLOTS = 4;

const options = benchOptions();
const slots = options.workers ?? SLOTS;
const session = openNative(slots);
if (session.native.rank > 0) {
  await serve(session);
} else {
  const submit = submitter(session);
  const { ranks } = session.native;
  const sent = (): { frames: number; bytes: number } =>
    session.native
      .gatherStats(10_000)
      .reduce(({ frames, bytes }, stats) => ({ frames: frames + stats.framesSent, bytes: bytes + stats.bytesSent }), {
        frames: 0,
        bytes: 0,
      });
  const sleeps = async (tasks: number, us: number): Promise<Round> => {
    const bare = loadBinding().sleepFloor(ranks * slots, tasks, us);
    const before = sent();
    const began = performance.now();
    await submit({ app: "heddle:sleep", start: us, step: 0, last: tasks });
    const seconds = (performance.now() - began) / 1e3;
    const after = sent();
    const figures = {
      bare_s: bare,
      efficiency: bare / seconds,
      messages_per_task: (after.frames - before.frames) / tasks,
      bytes_per_task: (after.bytes - before.bytes) / tasks,
    };
    return { seconds, figures };
  };
  const few = Math.round((20_000 * ranks * slots) / 64); // A round takes 3 s, whatever the number of slots.
  const many = 50 * few;
  await measure(
    {
      name: "native",
      ranks,
      workers: slots,
      stats: () => session.native.gatherStats(10_000),
      cases: [
        { name: "sleep10ms", tasks: few, tasksMax: few, smokeTasks: 200, run: (tasks) => sleeps(tasks, 10_000) },
        { name: "sleep100us", tasks: many, tasksMax: many, smokeTasks: 2_000, run: (tasks) => sleeps(tasks, 100) },
      ],
    },
    options,
  );
  session.native.close(10_000);
}
