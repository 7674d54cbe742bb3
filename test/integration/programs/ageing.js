// While one task holds the only worker of rank 0, three of a low priority are submitted, and then three of a high one: prints the order in which they ran.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { app, run } from "heddle";

const hold = app("hold", async (file) => {
  while (!existsSync(file)) await setTimeout(2);
});
let last = Date.now();
const begins = app("begins", () => {
  last = Math.max(last + 1, Date.now());
  return last;
});

await run(async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-ageing-"));
  const target = { rank: 0 };
  const nothing = [[], [], []];
  try {
    const held = hold.map([join(folder, "go")], { target, priority: 1_000 });
    const low = begins.map(nothing, { target, priority: 1 });
    await setTimeout(300);
    const high = begins.map(nothing, { target, priority: 3 });
    await setTimeout(100);
    writeFileSync(join(folder, "go"), "");
    await held;
    const all = [(await low).map((at) => ["low", at]), (await high).map((at) => ["high", at])].flat();
    all.sort(([, a], [, b]) => a - b);
    console.log(JSON.stringify(all.map(([name]) => name).join(" ")));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
