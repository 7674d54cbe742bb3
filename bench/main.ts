/**
 * The command of the benches: `npm run bench -- NAME [options]`.
 *
 * Compiles the programs of the bench, starts them (with `--ranks` under mpiexec), adds to each line the machine it was measured on,
 * and shows it. Ends with 1 if a program failed, or a rate does not count.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Line } from "./bench.ts";
import { compileBenches, findStale } from "./compile.ts";
import { launch } from "./launch.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { findMpi, type Mpi } from "./mpi.ts";
import { type CommandLine, parseCommandLine, UsageError, usage } from "./options.ts";
import { benchNames, type Plan, plans, secondsMax } from "./plans.ts";
import { medianLine, show } from "./show.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

async function main(words: string[]): Promise<number> {
  const line = parseCommandLine(words, benchNames);
  const stale = findStale(root);
  if (stale !== null) console.error(`note: ${stale}; run \`npm run build\` for figures of what you see`);
  const chosen = (plans[line.name] ?? []).filter((plan) => line.only === null || plan.cases.includes(line.only));
  if (chosen.length === 0) throw new UsageError(`${line.name} has no case "${line.only}"`);
  const folder = await compileBenches(root);
  const codes: number[] = [];
  for (const plan of chosen) codes.push(await runPlan(line, plan, join(folder, `${plan.program}.js`)));
  return Math.max(...codes);
}

async function runPlan(line: CommandLine, plan: Plan, file: string): Promise<number> {
  if (plan.oneProcess && line.ranks !== null) throw new UsageError(`${line.name} takes no --ranks: it is one process`);
  const named = line.ranks ?? plan.ranks;
  const ranks = named === null ? null : Math.max(named, plan.ranksMin ?? 1);
  const mpi: Mpi | null = ranks === null ? null : await findMpi(line.mpi);
  const options = { ...line, ranks, mpi: mpi?.flavour ?? null };
  const machine = describeMachine(root, mpi?.mpiexec.version ?? null);
  const measured: Line[] = [];
  let worst = 0;
  const table: Line[] | null = plan.table === undefined || line.json ? null : [];
  const take = (one: Line): void => {
    if (table !== null) table.push(one);
    else if (plan.repeat === undefined) worst = Math.max(worst, report(one, machine, line));
    else measured.push(one);
  };
  const times = plan.repeat?.(options) ?? 1;
  let lines = 0;
  for (let time = 0; time < times; time++) {
    const request = {
      file,
      mpi,
      options,
      secondsMax: secondsMax(plan, options),
      ...(plan.nodeArgs ? { nodeArgs: plan.nodeArgs } : {}),
    };
    const code = await launch(request, (one) => {
      lines++;
      take(one);
    });
    if (code !== 0) console.error(`${plan.program} ended with code ${code}`);
    worst = Math.max(worst, code === 0 ? 0 : 1);
  }
  if (table !== null && table.length > 0) console.log(plan.table?.(table));
  if (measured.length > 0) report(medianLine(measured), machine, line);
  if (lines > 0) return worst;
  console.error(`${plan.program} measured nothing`);
  return 1;
}

function report(one: Line, machine: Machine, { json, smoke }: CommandLine): number {
  console.log(json ? JSON.stringify({ ...one, ...machine }) : show(one));
  if (one.shares_ok !== false) return 0;
  console.error(
    `${one.bench} ${one.case}: a rank ran less than half its fair share (${one.shares?.join(" ")}): the rate does not count`,
  );
  return smoke ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? `${message}\n\n${usage}` : message);
  process.exitCode = 2;
}
