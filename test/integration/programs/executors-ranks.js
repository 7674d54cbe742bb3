// `executors-ranks.js`: an executor of ranks beside one of threads, as a line of JSON. `forever`: until it is ended.
import { app, context, range, run } from "heddle";

const where = app("where", async () => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  const { executor, rank } = context();
  return `${executor} ${rank}`;
});
const next = app("next", (x) => x + 1);
const odd = app("odd", (x) => {
  if (x % 2 === 0) throw new RangeError(`${x} is even`);
  return x;
}, { executors: ["ranks"] });

/** Asks until all of these have answered. */
async function until(ask, wanted) {
  const seen = new Set();
  while (!wanted.every((one) => seen.has(one))) for (const one of await ask()) seen.add(one);
  return [...seen].sort();
}

await run(async (engine) => {
  if (process.argv[2] === "forever") {
    const endless = where.map(range(1e9)).discard();
    await until(() => where.map(range(40)), ["local 0", "ranks 2"]);
    console.log("begun");
    return await endless;
  }
  const all = ["local 0", "ranks 0", "ranks 1", "ranks 2"];
  const seen = {
    executors: engine.executors.map(({ label, kind, ranks, workers }) => [label, kind, ranks, workers]),
    local: await until(() => where.map(range(20), { executors: ["local"] }), ["local 0"]),
    ranks: await until(() => where.map(range(40), { executors: ["ranks"] }), all.slice(1)),
    all: await until(() => where.map(range(80)), all),
    calls: await until(() => Promise.all(Array.from({ length: 80 }, () => where())), all),
    order: (await next.map(range(5_000))).every((value, k) => value === k + 1),
    sum: await next.map(range(100_000)).reduce("count"),
    flow: await next.with({ executors: ["local"] })(next.with({ executors: ["ranks"] })(1)),
    failed: (await odd.map(range(10)).settled()).map(({ status }) => status[0]).join(""),
    target: await until(() => where.map(range(20), { target: { rank: 2 } }), ["ranks 2"]),
  };
  console.log(JSON.stringify(seen));
}, { executors: { local: { workers: 1 }, ranks: { kind: "mpi", workers: 1 } } });
