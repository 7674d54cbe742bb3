/** Promises about what a program sees of a call while it runs. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AppFuture, Engine, FutureState } from "heddle";
import { expect } from "vitest";
import { appearsApart, commandWaits, fileAppears, waitsAndFails } from "../helpers/apps.ts";
import type { Checks } from "./check.ts";

const order: readonly FutureState[] = ["unscheduled", "pending", "launched", "running", "done"];
let files = 0;

/** Looks until `reached` is true. None of the calls may ever be seen in a state before the one it was in, but for a retry. */
async function watch(calls: readonly AppFuture<unknown>[], reached: () => boolean): Promise<void> {
  const last = calls.map(({ state, tries }) => ({ state, tries }));
  while (!reached()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    calls.forEach(({ id, state, tries }, k) => {
      const before = last[k];
      const back = order.indexOf(state) < order.indexOf(before?.state as FutureState);
      if (back && tries === before?.tries) throw new Error(`${id} was ${before?.state}, and is ${state}`);
      last[k] = { state, tries };
    });
  }
}

interface RunningCall {
  index: number;
  rank: number;
  slot: number;
}

/** Those of `fileAppears` that the events name. */
function runningCalls({ runDir }: Engine): RunningCall[] {
  const lines = readFileSync(join(runDir as string, "events.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1);
  const events = lines.map((line) => JSON.parse(line) as { event: string; app: string; calls: RunningCall[] });
  return events.flatMap(({ event, app, calls }) => (event === "running" && app === "fileAppears" ? calls : []));
}

const workersOf = ({ executors }: Engine): number =>
  executors.reduce((sum, { ranks, workers }) => sum + ranks * workers, 0);

export const stateChecks: Checks = {
  "a call is running when a worker has been at it for a while; who waits for a worker is launched": async ({
    engine,
    folder,
  }) => {
    const file = join(folder, `states-${files++}`);
    const workers = workersOf(engine);
    const calls = Array.from({ length: workers + 2 }, () => fileAppears(file));
    const inState = (wanted: FutureState): number => calls.filter(({ state }) => state === wanted).length;
    await watch(calls, () => inState("running") === workers);
    expect([inState("launched"), inState("running")]).toEqual([2, workers]);
    const ran = calls.flatMap(({ state, index }) => (state === "running" ? [index] : [])).sort((a, b) => a - b);
    writeFileSync(file, "");
    await watch(calls, () => inState("done") === calls.length);
    expect((await engine.wait()).running).toBe(0);
    let said: RunningCall[] = [];
    while (said.length < workers) {
      said = runningCalls(engine).filter(({ index }) => ran.includes(index));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(said.map(({ index }) => index).sort((a, b) => a - b)).toEqual(ran);
    expect(new Set(said.map(({ rank, slot }) => `${rank}: ${slot}`)).size).toBe(workers);
  },

  "so is a command, and what runs in a process of its own": async ({ folder }) => {
    for (const app of [commandWaits, appearsApart]) {
      const file = join(folder, `states-${files++}`);
      const call: AppFuture<unknown> = app(file);
      await watch([call], () => call.state === "running");
      writeFileSync(file, "");
      await call;
      expect(call.state).toBe("done");
    }
  },

  "a call that is tried again is launched again, and then running": async ({ folder }) => {
    const [first, second] = [join(folder, `states-${files++}`), join(folder, `states-${files++}`)];
    const call = waitsAndFails(first, second);
    await watch([call], () => call.state === "running");
    expect(call.tries).toBe(1);
    writeFileSync(first, "");
    await watch([call], () => call.tries === 2);
    expect(["launched", "running"]).toContain(call.state);
    await watch([call], () => call.state === "running");
    writeFileSync(second, "");
    expect(await call).toBe("at last");
  },
};
