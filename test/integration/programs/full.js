// Keeps more than its checkpoint has room for, then calls once more.
// usage: full.js OPTIONS
import { app, run } from "heddle";

const long = app("long", (k) => "x".repeat(20_000) + k, { cache: true });

await run(
  async (engine) => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, k) => long(k)));
    console.log(`${all.length} done`);
    await engine.checkpoint().catch(({ code }) => console.log(code));
    console.log((await long(100)) === `${"x".repeat(20_000)}100` ? "1 done" : "wrong");
  },
  { workers: 1, checkpoint: JSON.parse(process.argv[2]) },
);
