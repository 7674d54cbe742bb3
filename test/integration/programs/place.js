// `place.js COMMANDS TASKS [OPTIONS [RESOURCES]]`: where and when commands and tasks run, and what they are given, as JSON on rank 0.
import { readFileSync } from "node:fs";
import { app, bashApp, context, range, run } from "heddle";

const allowed = () => /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/thread-self/status", "utf8"))[1];

const task = app(
  "task",
  async () => {
    const { rank, worker, cores, gpus } = context();
    const { HEDDLE_RANK, HEDDLE_WORKER } = process.env;
    const began = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const env = `${HEDDLE_RANK}.${HEDDLE_WORKER}`;
    return { rank, worker, cores, gpus, allowed: allowed(), env, began, ended: Date.now() };
  },
  { walltime: 60 },
);
const command = bashApp(
  "command",
  'began=$(date +%s%3N); sleep 0.02; echo "$HEDDLE_RANK $HEDDLE_WORKER $OMP_NUM_THREADS ${{CUDA_VISIBLE_DEVICES-none}} $(sed -n "s/Cpus_allowed_list:\\t//p" /proc/self/status) $began $(date +%s%3N)"',
);

const [, , commands, tasks, options = "{}", resources = "{}"] = process.argv;
const needs = { resources: JSON.parse(resources) };
await run(async () => {
  const seen = await Promise.all([command.map(range(Number(commands)), needs), task.map(range(Number(tasks)), needs)]);
  const lines = seen[0].map(({ stdout }) => {
    const [rank, slot, threads, gpus, allowed, began, ended] = stdout.trim().split(" ");
    return { rank: Number(rank), slot: Number(slot), threads, gpus, allowed, began: Number(began), ended: Number(ended) };
  });
  console.log(JSON.stringify({ commands: lines, tasks: seen[1] }));
}, JSON.parse(options));
