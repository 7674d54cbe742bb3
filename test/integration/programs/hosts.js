// Tasks and commands on every rank of several hosts, and data that must cross between them.
import { hostname } from "node:os";
import { app, bashApp, context, range, run } from "heddle";

const where = app("where", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return [context().rank, hostname()];
});
const name = bashApp("name", "sleep 0.1; hostname");
const sum = app("sum", (bytes) => bytes.reduce((a, b) => a + b, 0), { returns: "f64" });
const square = app("square", (n) => n * n, { returns: "f64" });

await run(async () => {
  const ranks = Number(process.argv[2]);
  const places = await where.map(range(0, 40 * ranks));
  const onNodes = await Promise.all([0, ranks - 1].map((node) => where.map(range(0, 40), { target: { node } })));
  const hosts = await name.map(Array(20 * ranks).fill({}));
  const megabyte = new Uint8Array(1 << 20).fill(1);
  const sums = await sum.map(Array(8 * ranks).fill(megabyte));
  console.log(
    JSON.stringify({
      places: Object.fromEntries(places),
      onNodes: onNodes.map((seen) => [...new Set(seen.map((one) => one.join(" ")))].sort()),
      commands: [...new Set(hosts.map(({ stdout }) => stdout.trim()))].sort(),
      sums: sums.every((one) => one === 1 << 20),
      squares: await square.map(range(0, 100_000)).reduce("sum"),
    }),
  );
});
