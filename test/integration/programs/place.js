// `place.js COMMANDS TASKS [OPTIONS]`: where commands and tasks run, and what they are given, as JSON lines on rank 0.
import { readFileSync } from "node:fs";
import { app, bashApp, context, range, run } from "heddle";

const allowed = () => /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/thread-self/status", "utf8"))[1];

const task = app(
  "task",
  async () => {
    const { rank, worker, cores, gpus } = context();
    const { HEDDLE_RANK, HEDDLE_WORKER } = process.env;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { rank, worker, cores, gpus, allowed: allowed(), env: `${HEDDLE_RANK}.${HEDDLE_WORKER}` };
  },
  { walltime: 60 },
);
const command = bashApp(
  "command",
  'sleep 0.02; echo "$HEDDLE_RANK $HEDDLE_WORKER $OMP_NUM_THREADS ${{CUDA_VISIBLE_DEVICES-none}} $(sed -n "s/Cpus_allowed_list:\\t//p" /proc/self/status)"',
);

const [, , commands, tasks, options = "{}"] = process.argv;
await run(async () => {
  const seen = await Promise.all([command.map(range(Number(commands))), task.map(range(Number(tasks)))]);
  const lines = seen[0].map(({ stdout }) => {
    const [rank, slot, threads, gpus, allowed] = stdout.trim().split(" ");
    return { rank: Number(rank), slot: Number(slot), threads, gpus, allowed };
  });
  console.log(JSON.stringify({ commands: lines, tasks: seen[1] }));
}, JSON.parse(options));
