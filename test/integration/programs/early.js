// `early.js CASE`: mistakes at the start and at the end of a program.
import { isMainThread } from "node:worker_threads";
import { app, range, run } from "heddle";

const name = process.argv[2];
const rank = Number(process.env.PMI_RANK ?? process.env.OMPI_COMM_WORLD_RANK ?? 0);
const square = app("square", (n) => n * n, { returns: "f64" });
const fails = app("fails", () => {
  throw new Error("nobody looked");
});

if (name === "duplicate") app("square", (n) => n);
const onlyHere = name === "workersDiffer" && isMainThread ? app("onlyHere", () => 1) : square;
if (name === "ranksDiffer" && rank === 1) app("onlyThere", () => 1);
if (name === "sourceDiffers") rank === 1 ? app("cube", (n) => n * n * n) : app("cube", (n) => n ** 3);
if (name === "tokensDiffer") process.env.HEDDLE_TOKENS = `seat=${1 + Number(rank)}`;
if (name === "brokenWorker" && !isMainThread) throw new Error("this thread cannot load the program");
if (name === "brokenRank" && rank === 1) throw new Error("this rank cannot load the program");
if (name === "notStarted") await square(2);
if (name === "noRun") await new Promise(() => setTimeout(() => process.exit(0), 500));

const bodies = {
  late: () => app("late", () => 1),
  unawaited: () => void fails(),
  throws: () => {
    throw new RangeError("the body gave up", { cause: new Error("for this reason") });
  },
  exit: () => process.exit(3),
  exitWell: () => process.exit(0),
  uncaught: async () => {
    setTimeout(() => {
      throw new Error("nobody catches this");
    }, 10);
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  },
  workersDiffer: () => onlyHere(),
  printMuch: async () => {
    for (let line = 0; line < 100_000; line++) console.log(`line ${line} ${await square(line)}`);
  },
};

await run(async () => {
  await square.map(range(0, 1000)).discard();
  await bodies[name]?.();
  console.log("body done");
});
console.log("after run");
if (name === "twice") await run(async () => console.log("second"));
