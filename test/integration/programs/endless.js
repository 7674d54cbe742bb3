// Busy on every rank, in every kind of slot, until somebody ends it. Tells which process each rank is.
import { spawn } from "node:child_process";
import { app, bashApp, context, range, run } from "heddle";

const who = app("who", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { rank: context().rank, pid: process.pid };
});
const spin = app("spin", () => {
  for (;;) Math.random();
});
// With a child that would outlive a careless parent.
const spinApart = app(
  "spinApart",
  () => {
    spawn("setsid", ["sleep", "600"], { stdio: "ignore" });
    for (;;) Math.random();
  },
  { isolation: "process" },
);
const wait = app("wait", () => new Promise((resolve) => setTimeout(resolve, 600_000)));
// Children that would outlive a careless parent: one in a session of its own, one that ignores polite requests.
const linger = bashApp("linger", "setsid sleep 600 & trap '' TERM INT HUP; sleep 600; sleep 600");

await run(async () => {
  const ranks = Number(process.argv[2]);
  const seen = new Map();
  while (seen.size < ranks) {
    for (const { rank, pid } of await who.map(range(0, 20 * ranks))) seen.set(rank, pid);
  }
  const mode = process.argv[3] ?? "busy";
  const work = mode === "idle" ? [] : [linger.map(Array(2 * ranks).fill({})).discard(), ({ spin, apart: spinApart }[mode] ?? wait).map(range(0, 4 * ranks)).discard()];
  console.log(`ranks ${JSON.stringify(Object.fromEntries(seen))}`);
  await Promise.all([...work, new Promise((resolve) => setTimeout(resolve, 600_000))]);
});
