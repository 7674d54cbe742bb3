/** Promises about what tasks need beside a worker. */

import { type HeddleError, range } from "heddle";
import { expect } from "vitest";
import * as apps from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

const { add, later, licensed, licensedOuter, oddOnly, span, square, threadsOf } = apps;
type Span = apps.Span;

/** The most that ran at a time. */
function peak(spans: readonly Span[]): number {
  const steps = spans.flatMap(({ began, ended }) => [
    { at: began, step: 1 },
    { at: ended, step: -1 },
  ]);
  steps.sort((a, b) => a.at - b.at || a.step - b.step);
  let now = 0;
  return Math.max(0, ...steps.map(({ step }) => (now += step)));
}

/** By rank, and there by executor: each has its own. */
function byOwner(spans: readonly Span[]): Span[][] {
  const owners = new Map<string, Span[]>();
  for (const each of spans) {
    const owner = `${each.rank} ${each.executor}`;
    owners.set(owner, [...(owners.get(owner) ?? []), each]);
  }
  return [...owners.values()];
}

export const resourceChecks: Checks = {
  "tokens in use are never more than there are, on all ranks together": async () => {
    const two = span.map(Array(60).fill(2), { resources: { tokens: { licence: 1 } } });
    const one = span.map(Array(30).fill(2), { resources: { tokens: { rare: 1 } } });
    const both = span.map(Array(10).fill(2), { resources: { tokens: { licence: 2, rare: 1 } } });
    const [some, rare, all] = await Promise.all([two.collect(), one.collect(), both.collect()]);
    expect([some.length, rare.length, all.length]).toEqual([60, 30, 10]);
    expect(peak([...some, ...all, ...all])).toBeLessThanOrEqual(2);
    expect(peak([...rare, ...all])).toBe(1);
  },

  "calls take tokens, and tasks that need none go past those that wait": async () => {
    const waiting = span.map(Array(20).fill(5), { resources: { tokens: { rare: 1 } } }).collect();
    expect(await square.map(range(100)).reduce("count")).toBe(100);
    expect(await Promise.all(Array.from({ length: 40 }, (_, k) => licensed(k)))).toEqual(
      Array.from({ length: 40 }, (_, k) => k + 1),
    );
    expect(peak(await waiting)).toBe(1);
  },

  "tokens come back from tasks that fail and from maps that are cancelled": async () => {
    const resources = { tokens: { licence: 2, rare: 1 } };
    const settled = await oddOnly.map(range(40), { resources }).settled();
    expect(settled.filter((each) => each.status === "rejected")).toHaveLength(20);
    const map = later.map(range(1e6), { resources });
    const failure = failureOf<HeddleError>(map.discard());
    await add.map([1], [1], { priority: 1 });
    map.cancel();
    expect((await failure).code).toBe("ERR_CANCELLED");
    expect(await later.map([1, 2], { resources })).toEqual([2, 4]);
  },

  "tasks of a rank have no more memory at a time than it has": async ({ engine }) => {
    const spans = await span.map(Array(20 * engine.ranks).fill(2), { resources: { memory: "600 MiB" } });
    for (const own of byOwner(spans)) expect(peak(own)).toBeLessThanOrEqual(1);
  },

  "tasks of a rank have no more cores at a time than it has, and are told how many": async ({ engine }) => {
    const mixed = [1, 2].map((cores) => span.map(Array(20 * engine.ranks).fill(2), { resources: { cores } }).collect());
    const [ones, twos] = (await Promise.all(mixed)) as [Span[], Span[]];
    expect(new Set(ones.map(({ cores }) => cores))).toEqual(new Set([1]));
    expect(new Set(twos.map(({ cores }) => cores))).toEqual(new Set([2]));
    for (const own of byOwner([...ones, ...twos, ...twos])) expect(peak(own)).toBeLessThanOrEqual(2);
    expect(await threadsOf.map([1, 2], { resources: { cores: 2 } })).toMatchObject([
      { stdout: "2\n" },
      { stdout: "2\n" },
    ]);
  },

  "needs stand beside targets and priorities": async ({ engine }) => {
    const target = { rank: engine.ranks - 1 };
    const resources = { cores: 2, memory: 1e6, tokens: { licence: 1 } };
    const spans = await span.map(Array(10).fill(1), { target, priority: 3, resources });
    expect(new Set(spans.map(({ rank }) => rank))).toEqual(new Set([target.rank]));
    expect(peak(spans)).toBe(1);
  },

  "what nobody has is refused, with what there is": async () => {
    expect(() => square.map([1], { resources: { cores: 60_000 } })).toThrow(
      'Each task of app "square" needs 60000 cores',
    );
    expect(() => square.map([1], { resources: { memory: "2 GiB" } })).toThrow("and 1 GiB of memory");
    expect(() => square.map([1], { resources: { gpus: 1 } })).toThrow("needs 1 core, 1 GPU and 0 B of memory");
    const many = 'needs 3 of the tokens "licence", and there are 2.';
    expect(() => square.map([1], { resources: { tokens: { licence: 3 } } })).toThrow(many);
    const unknown = 'needs 1 of the tokens "gold", and there are none.';
    expect(() => square.map([1], { resources: { tokens: { gold: 1 } } })).toThrow(unknown);
    expect(() => square.map([1], { resources: { cores: 0 } })).toThrow("resources.cores is 0.");
  },

  "a task that holds tokens cannot wait for tasks that need some": async ({ engine }) => {
    if (engine.kind === "inline") return; // There tasks call no apps.
    const failure = await failureOf(licensedOuter(1));
    expect(failure.message).toContain('A task that holds tokens called app "licensed", whose tasks need some');
    expect(await licensed(1)).toBe(2);
  },
};
