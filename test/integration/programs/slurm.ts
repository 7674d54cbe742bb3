// Which rank runs on which host, a result that needs all of them, and an exit code: `slurm.ts RANKS [CODE]`.
import { hostname } from "node:os";
import { app, context, range, run } from "heddle";

const where = app("where", async (): Promise<[rank: number, host: string]> => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return [context().rank, hostname()];
});
const square = app("square", (n: number): number => n * n, { returns: "f64" });

await run(async () => {
  const ranks = Number(process.argv[2]);
  const places = new Map<number, string>();
  // On busy cores the workers of one rank may start when those of the others have done all.
  while (places.size < ranks) for (const [rank, host] of await where.map(range(0, 20 * ranks))) places.set(rank, host);
  const squares = await square.map(range(0, 100_000)).reduce("sum");
  console.log(JSON.stringify({ places: Object.fromEntries(places), squares }));
  process.exitCode = Number(process.argv[3] ?? 0);
});
