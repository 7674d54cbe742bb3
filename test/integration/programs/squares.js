// Tells which ranks ran tasks, and results that must not depend on how it was started.
import { isMainThread } from "node:worker_threads";
import { app, bashApp, context, range, run } from "heddle";

const square = app("square", (n) => n * n, { returns: "f64" });
const shout = app("shout", (text) => text.toUpperCase());
const where = app("where", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return context().rank;
});
const dice = app("dice", () => context().random(), { returns: "f64" });
const onMainThread = app("onMainThread", () => isMainThread);
const echo = bashApp("echo", ["printf", "%s-", "{word}", "{index}"]);

await run(async () => {
  const futures = ["a", "b"].map((text) => shout(text));
  const rolled = await dice.map(range(0, 1000)); // Chance counts the maps before it.
  const ranks = new Set();
  const wanted = Number(process.argv[2] ?? 1);
  const began = Date.now(); // Some start late where there are fewer cores than ranks.
  do for (const rank of await where.map(range(0, 20 * wanted))) ranks.add(rank);
  while (ranks.size < wanted && Date.now() < began + 30_000);
  console.log(
    JSON.stringify({
      sum: await square.map(range(0, 100_000)).reduce("sum"),
      called: await Promise.all(futures),
      dataflow: await shout(shout("x")),
      commands: (await echo.map(["x", "y z", "'"])).map((result) => result.stdout),
      dice: rolled.reduce((a, b) => a + b, 0),
      inline: await onMainThread(),
      ranks: [...ranks].sort((a, b) => a - b),
    }),
  );
});
