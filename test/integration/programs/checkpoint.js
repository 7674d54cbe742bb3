// Calls tasks that are remembered, wave by wave, and writes down which of them the checkpoint has acknowledged.
// usage: checkpoint.js FOLDER FIRST WAVES PER_WAVE OPTIONS
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { app, run } from "heddle";

const [folder, first, waves, perWave, options] = process.argv.slice(2);
const acknowledged = join(folder, "acknowledged");

/** Writes down that it ran (`join` has another name where the program was made into one file), then gives a result of some size. */
const work = app(
  "work",
  (k) => {
    appendFileSync(join(folder, "ran"), `${k}\n`);
    return { k, text: `result of ${k} `.repeat(1 + (k % 50)) };
  },
  { cache: true },
);

await run(
  async (engine) => {
    const states = { done: 0, "memo-done": 0 };
    const call = async (numbers) => {
      const futures = numbers.map((k) => work(k));
      for (const [at, { k, text }] of (await Promise.all(futures)).entries())
        if (k !== numbers[at] || !text.startsWith(`result of ${k} `)) throw new Error(`wrong result of ${numbers[at]}`);
      for (const { state } of futures) states[state]++;
    };
    const before = existsSync(acknowledged) ? readFileSync(acknowledged, "utf8").split("\n").filter(Boolean) : [];
    await call(before.map(Number));
    if (states.done > 0) throw new Error(`${states.done} acknowledged tasks ran again`);
    for (let wave = 0; wave < Number(waves); wave++) {
      const numbers = Array.from({ length: Number(perWave) }, (_, k) => Number(first) + wave * Number(perWave) + k);
      await call(numbers);
      if (options !== undefined && JSON.parse(options).mode === "exit") continue;
      await engine.checkpoint();
      appendFileSync(acknowledged, `${numbers.join("\n")}\n`);
      if (wave === 0) console.log("first wave");
    }
    console.log(JSON.stringify(states));
  },
  { workers: 2, ...(options === undefined ? {} : { checkpoint: JSON.parse(options) }) },
);
