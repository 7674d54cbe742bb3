import { expect, test, vi } from "vitest";
import { policiesOf } from "../apps/policy.ts";
import { HeddleError, TaskError } from "../errors.ts";
import type { Placement, RankCapacity } from "../native/binding.ts";
import { ANYWHERE, functionApp } from "../serialize/registry.ts";
import { elsewhere, mayRetry, policyOfRetries, type Where } from "./retries.ts";

const APP = { name: "a", kind: "js" } as const;
const failedOn = (rank: number | null): TaskError =>
  new TaskError("ERR_TASK_FAILED", "no", null, { app: "a", index: 0, rank, arguments: null });
const capacity = (first: number, last: number, gpus = 0): RankCapacity => {
  const cores = { js: 1, process: 1, native: 1 };
  return { first, last, cores, gpus, memory: 2 ** 30 };
};
const executorOf = (...capacities: RankCapacity[]): Where =>
  ({ members: [{}], ranks: Math.max(...capacities.map(({ last }) => last)), capacities }) as unknown as Where;

test("a task runs on each rank once before it comes back to one", () => {
  const executor = executorOf(capacity(0, 5));
  const attempts = { tries: 1 };
  const asked = [3];
  for (let k = 0; k < 4; k++) {
    const place = elsewhere(APP, ANYWHERE, attempts, failedOn(asked.at(-1) as number), executor);
    expect(place.placement).toBe("only");
    asked.push(place.target as number);
  }
  expect([...asked].sort()).toEqual([0, 1, 2, 3, 4]);
  const last = asked.at(-1) as number;
  expect(elsewhere(APP, ANYWHERE, attempts, failedOn(last), executor)).toEqual({
    placement: "first",
    target: (last + 1) % 5,
  });
});

test("what fails on one rank is spread over the others", () => {
  const executor = executorOf(capacity(0, 4));
  const targets = Array.from(
    { length: 300 },
    () => elsewhere(APP, ANYWHERE, { tries: 1 }, failedOn(1), executor).target,
  );
  for (const rank of [0, 2, 3]) expect(targets.filter((target) => target === rank).length).toBeGreaterThan(50);
  expect(targets).not.toContain(1);
});

test("only a rank that has what the task needs is asked", () => {
  const executor = executorOf(capacity(0, 50), capacity(50, 52, 4), capacity(52, 100));
  const need = { cores: 1, gpus: 2, memory: 0, tokens: [] };
  const place = elsewhere(APP, { ...ANYWHERE, need } as Placement, { tries: 1 }, failedOn(50), executor);
  expect(place).toEqual({ placement: "only", target: 51 });
});

test("where there is no other rank, or the user named one, or none is known, nothing changes", () => {
  const [alone, three] = [executorOf(capacity(0, 1)), executorOf(capacity(0, 3))];
  const attempts = { tries: 1 };
  expect(elsewhere(APP, ANYWHERE, attempts, failedOn(0), alone)).toEqual({});
  expect(elsewhere(APP, { ...ANYWHERE, placement: "only", target: 1 }, attempts, failedOn(1), three)).toEqual({});
  expect(elsewhere(APP, ANYWHERE, attempts, failedOn(null), three)).toEqual({});
  expect(elsewhere(APP, ANYWHERE, attempts, new HeddleError("ERR_CLOSED", "closed"), three)).toEqual({});
});

test("a function for retries that is async is told that it must not be", () => {
  const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const cost = (async () => {
    throw new Error("nobody hears this");
  }) as never;
  const again = mayRetry("flaky", { limit: 1, cost }, { tries: 1 }, new HeddleError("ERR_TASK_FAILED", "failed"));
  const text = told.mock.calls.join("");
  told.mockRestore();
  expect(again).toBe(false);
  expect(text).toContain("it returned a promise; it must be synchronous.");
});

test("what the program says counts for apps that say nothing, also where they say other things", () => {
  const usual = { limit: 3, cost: null };
  const of = (given: { retries?: number; cache?: boolean }, name = "a") =>
    policyOfRetries({ ...functionApp(name, () => 1, ""), ...policiesOf(name, given) }, usual);
  expect([
    of({}),
    of({ cache: true }),
    of({ retries: 0 }),
    of({ retries: 5 })?.limit,
    of({}, "heddle:stage-in"),
  ]).toEqual([usual, usual, null, 5, null]);
});
