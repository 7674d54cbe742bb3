// `executors.js`: what runs on which executor, with executors cpu and gpu (heddle.config.json beside the test), as a line of JSON.
import { existsSync, writeFileSync } from "node:fs";
import { app, bashApp, context, range, run } from "heddle";

const where = app("where", () => context().executor);
const onGpu = app("on-gpu", (given) => [...(given ? [given] : []), context().executor, ...context().gpus], { executors: ["gpu"] });
const next = app("next", (x) => x + 1, { returns: "f64" });
const asks = app("asks", async () => {
  const of = (call) => Promise.resolve(call).catch((error) => error.code);
  return [await of(where()), await of(onGpu.with({ executors: ["cpu"] })()), await of(onGpu())];
});
const slow = app("slow", () => new Promise((resolve) => setTimeout(resolve, 5)));
const appears = app("appears", async (file) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return context().executor;
});
const echo = bashApp("echo", ["echo", "{0}"]);
const failed = (call) => Promise.resolve(call).then(() => null, (error) => [error.code, error.message]);

/** Executors of calls that were running at the same time. */
async function running() {
  const file = `${process.argv[1]}.appears`;
  const calls = ["gpu", "cpu"].map((label) => appears.with({ executors: [label] })(file));
  while (calls.some(({ state }) => state !== "running")) await new Promise((resolve) => setTimeout(resolve, 5));
  writeFileSync(file, "");
  return await Promise.all(calls);
}

await run(async (engine) => {
  const spread = await where.with({ executors: "all" }).map(range(40));
  const cancelled = slow.map(range(1e6));
  setTimeout(() => cancelled.cancel(), 50);
  const end = await failed(cancelled);
  const seen = {
    executors: engine.executors.map(({ label, kind, workers, gpus }) => ({ label, kind, workers, gpus })),
    spread: [...new Set(spread)].sort(),
    chosen: await where.map(range(3), { executors: ["cpu"] }),
    dataflow: await onGpu(where.with({ executors: ["cpu"] })()),
    needs: await where.with({ resources: { gpus: 1 } })(),
    calls: (await Promise.all(Array.from({ length: 1000 }, (_, k) => next(k)))).reduce((a, b) => a + b),
    sum: await next.map(range(100_000)).reduce("sum"),
    nested: await asks.with({ executors: ["cpu"] })(),
    command: (await echo.map(["a", "b", "c"])).map(({ stdout }) => stdout.trim()),
    cancelled: end?.[0],
    running: await running(),
    wrong: await failed(where.with({ executors: ["gpus"] })()),
  };
  console.log(JSON.stringify(seen));
});
