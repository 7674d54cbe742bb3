// Maps whose results are kept, in two ways, and writes down which tasks ran, and which of them the checkpoint has acknowledged.
// usage: map-checkpoint.js FOLDER TASKS PAUSE_MS
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { app, range, run } from "heddle";

const [folder, tasks, pauseMs] = process.argv.slice(2);
const total = Number(tasks);

/** Writes down that it ran; every third takes a while, so that ranges have holes. */
const work = (kind) => (x) => {
  appendFileSync(join(folder, `ran-${kind}`), `${x}\n`);
  const until = performance.now() + (x % 3 === 0 ? Number(pauseMs) : 0);
  while (performance.now() < until);
  return kind === "numbers" ? 2 * x : { twice: 2 * x, text: `of ${x}` };
};
const numbers = app("numbers", work("numbers"), { returns: "f64" });
const rows = app("rows", work("rows"));

await run(
  async (engine) => {
    const acknowledge = async (kind, indexes) => {
      await engine.checkpoint();
      appendFileSync(join(folder, `acknowledged-${kind}`), `${indexes.join("\n")}\n`);
    };
    const follow = async (kind, map) => {
      const received = [];
      let count = 0;
      let acknowledging = null;
      for await (const { index, value } of map) {
        if ((kind === "numbers" ? value : value.twice) !== 2 * index) throw new Error(`wrong result of ${index}`);
        received.push(index);
        count++;
        acknowledging ??= acknowledge(kind, received.splice(0)).then(() => {
          acknowledging = null;
        });
      }
      await acknowledging;
      return count;
    };
    const given = Array.from({ length: total }, (_, k) => k);
    const maps = [numbers.map(range(total), { cache: true }), rows.map(given, { cache: true })];
    console.log(JSON.stringify(await Promise.all(maps.map((map, k) => follow(["numbers", "rows"][k], map)))));
  },
  { workers: 2, checkpoint: { path: join(folder, "kept.mdb") } },
);
