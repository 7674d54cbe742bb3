/**
 * Question: what do other engines of this machine do with the same work, beside Heddle, in one run?
 * Expect:   a dispatcher's peers at some thousand empty tasks per second, at some hundred thousand where their maps send chunks; commands
 *           and sleeps are bound by the operating system, so there the best are close together.
 * Read:     five cases, the same number of workers for everybody. `empty`: x + 1, through the peer's map. `calls`: the same, each a
 *           call of its own, all awaited together. `latency`: one call at a time, until its result. `shell`: /bin/true. `skewed`:
 *           sleeps of log-normal length, 4 s for each worker; efficiency is that time over the one it took. ratio: the figure over
 *           Heddle's. A peer that is a command (GNU parallel, xargs, make) runs commands alone, and its start counts.
 *           Peers take turns: each is started, runs a round of each case and is ended, several times over.
 *           Every peer checks that it has as many results as tasks, and the right ones.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Case,
  type Line,
  lineOf,
  type Measured,
  newMeasured,
  print,
  type Round,
  runRound,
  sizeOf,
} from "./bench.ts";
import { workersOfRank } from "./engine.ts";
import { benchOptions } from "./options.ts";
import { heddle, type Open, type Peer, peers } from "./peers/list.ts";
import { type Kind, kinds } from "./peers/serve.ts";
import type { Session } from "./peers/session.ts";
import { skewedMilliseconds } from "./peers/skewed.ts";
import { withRatios } from "./peers/table.ts";

/** A peer, and what it has measured so far. */
interface Entry {
  peer: Peer;
  /** Null: it is missing. */
  open: Open | null;
  version: string;
  measured: Map<Kind, Measured>;
  failed: string | null;
}

const SKEWED_MS = 4_000; // For each worker.
const LAP_SECONDS = 2.5;
const WARM_UP_PART = 10;

const options = benchOptions();
const workers = workersOfRank(options);
const place = { name: "peers", ranks: 1, workers };
const sleeps = skewedMilliseconds(SKEWED_MS * workers);
const sizes: Record<Kind, Omit<Case, "name" | "run">> = {
  empty: { tasks: 100, smokeTasks: 200 },
  calls: { tasks: 100, tasksMax: 500_000, smokeTasks: 200 },
  latency: { tasks: 20, tasksMax: 20_000, smokeTasks: 20 },
  shell: { tasks: 20, smokeTasks: 8, roundSeconds: 2 },
  skewed: { tasks: sleeps.length, tasksMax: sleeps.length, smokeTasks: 8 },
};

const folder = mkdtempSync(join(tmpdir(), "heddle-peers-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
process.once("SIGTERM", () => process.exit(1)); // Programs of peers end with their input.

const found = await Promise.all(
  [heddle, ...peers].map(async (peer) => ({ peer, open: await peer.find({ workers, folder }) })),
);
const entries: Entry[] = found.map((one) => ({ ...one, version: "", measured: new Map(), failed: null }));
const laps = Math.max(3, Math.floor(options.seconds / LAP_SECONDS));
if (options.smoke)
  await Promise.all(entries.map(runLap)); // Its figures mean nothing.
else for (let lap = 0; lap < laps; lap++) for (const entry of entries) await runLap(entry);
for (const line of withRatios(entries.flatMap(linesOf))) print(line);
if (entries.some(({ failed }) => failed !== null)) process.exitCode = 1;

async function runLap(entry: Entry): Promise<void> {
  if (entry.open === null || entry.failed !== null) return;
  try {
    const session = await entry.open();
    entry.version = session.version;
    try {
      for (const kind of kinds.filter((one) => session.kinds.includes(one)))
        if (options.only === null || options.only === kind) await runKind(entry, session, kind);
    } finally {
      await session.close();
    }
  } catch (error) {
    entry.failed = error instanceof Error ? error.message : String(error);
    console.error(`${entry.peer.name} failed: ${entry.failed}`);
  }
}

async function runKind(entry: Entry, session: Session, kind: Kind): Promise<void> {
  const one: Case = { name: kind, ...sizes[kind], run: (tasks) => runRoundOf(session, kind, tasks) };
  const before = entry.measured.get(kind);
  const fixed = one.tasks === one.tasksMax;
  const size = before?.tasks ?? (options.smoke ? one.smokeTasks : fixed ? one.tasks : await sizeOf(one));
  const measured = before ?? newMeasured(size);
  if (before !== undefined && !fixed) await one.run(Math.ceil(size / WARM_UP_PART)); // The process is a new one.
  await runRound(place, one, measured);
  entry.measured.set(kind, measured);
}

async function runRoundOf(session: Session, kind: Kind, tasks: number): Promise<Round> {
  const numbers = kind === "skewed" ? sleeps.slice(0, tasks) : [tasks];
  const answer = await session.run(kind, numbers);
  if (answer.length !== (kind === "latency" ? tasks : 1))
    throw new Error(`${kind}: ${answer.length} numbers came back`);
  if (kind === "latency") return { latencies: answer };
  const seconds = answer[0]!;
  if (kind !== "skewed") return { seconds };
  const ideal = numbers.reduce((sum, ms) => sum + ms, 0) / workers / 1e3;
  return { seconds, figures: { efficiency: ideal / seconds } };
}

function linesOf({ peer, open, version, measured, failed }: Entry): Line[] {
  const known = { peer: peer.name, from: peer.from };
  if (open !== null && failed === null)
    return [...measured].map(([kind, one]) => ({
      ...lineOf(place, kind, one, options.smoke),
      peer: peer.name,
      version,
    }));
  const { name: bench, ...where } = place;
  const smoke = options.smoke ? { smoke: true as const } : {};
  const state = failed === null ? { case: "missing" } : { case: "failed", reason: failed };
  return [{ bench, ...state, ...where, tasks: 0, rounds: 0, ...smoke, ...known }];
}
