import { expect, test } from "vitest";
import type { Need, Placement, RankCapacity } from "../native/binding.ts";
import { ANYWHERE, type AppDefinition } from "../serialize/registry.ts";
import type { Executor } from "./executor.ts";
import { bytesInWords, checkNeed, checkTask } from "./needs.ts";

const rank = (first: number, last: number, js: number, gpus: number, memory: number): RankCapacity => ({
  ...{ first, last, gpus, memory },
  cores: { js, process: 1, native: 0 },
});
const capacities = [rank(0, 1, 1, 0, 2 ** 30), rank(1, 9, 4, 2, 2 ** 20)];
const executor = {
  ...{ capacities, tokens: [{ name: "seat", count: 3 }] },
  nodes: () => Uint32Array.of(0, 1, 1, 1, 1, 5, 5, 5, 5),
} as unknown as Executor;

function check(kind: AppDefinition["kind"], need: Partial<Need>, placement: Partial<Placement> = {}): void {
  const all = { ...ANYWHERE, ...placement, need: { cores: 1, gpus: 0, memory: 0, tokens: [], ...need } };
  checkNeed(executor, { name: "dock", kind } as AppDefinition, all);
}

test("one rank must have all of a need", () => {
  check("js", { cores: 4, gpus: 2 });
  check("js", { memory: 2 ** 30 });
  expect(() => check("js", { cores: 4, memory: 2 ** 30 })).toThrow(
    'Each task of app "dock" needs 4 cores, 0 GPUs and 1 GiB of memory, and no rank has that: ' +
      "a rank has 1 core, 0 GPUs and 1 GiB of memory, or 4 cores, 2 GPUs and 1 MiB of memory.",
  );
});

test("cores are those of the app's kind of worker", () => {
  expect(() => check("process", { cores: 2 })).toThrow("needs 2 cores");
});

test("of a hard target what that rank has counts, of a soft one what any has", () => {
  check("js", { gpus: 1 }, { placement: "only", target: 8 });
  check("js", { gpus: 1 }, { placement: "first", target: 0 });
  expect(() => check("js", { gpus: 1 }, { placement: "only", target: 0 })).toThrow("rank 0, their target, has less");
});

test("of a node what any of its ranks has counts", () => {
  check("js", { gpus: 2 }, { placement: "only on node", target: 4 });
  check("process", {}, { placement: "only on node", target: 0 });
  expect(() => check("js", { gpus: 1 }, { placement: "only on node", target: 0 })).toThrow(
    "the node of rank 0, their target, has less: a rank there has 1 core",
  );
  const nobody = 'App "dock" have the node of rank 7 as their target, and no rank there has a worker for them.';
  expect(() => check("native", {}, { placement: "only on node", target: 7 })).toThrow(nobody.replace("App", "app"));
});

test("tokens are those of the whole job", () => {
  check("js", { tokens: [{ name: "seat", count: 3 }] });
  const need = { tokens: [{ name: "seat", count: 4 }] };
  expect(() => check("js", need)).toThrow('needs 4 of the tokens "seat", and there are 3.');
});

test("where none of several executors will do, what each has is told", () => {
  const small = { ...executor, capacities: [rank(0, 1, 2, 0, 2 ** 20)], tokens: [] } as unknown as Executor;
  const members = [
    { label: "big", executor },
    { label: "small", executor: small },
  ];
  const ask = (need: Partial<Need>, more: Partial<Placement> = {}): void => {
    const all = { ...ANYWHERE, ...more, need: { cores: 1, gpus: 0, memory: 0, tokens: [], ...need } };
    checkTask(members, { name: "dock", kind: "js" }, all);
  };
  ask({ gpus: 2 });
  expect(() => ask({ gpus: 2 }, { executors: ["small"] })).toThrow(
    "no executor that may run it has that: a rank of small has 2 cores, 0 GPUs and 1 MiB of memory.",
  );
  expect(() => ask({ cores: 9 })).toThrow(
    "a rank of big has 1 core, 0 GPUs and 1 GiB of memory, or 4 cores, 2 GPUs and 1 MiB of memory; a rank of small has 2 cores",
  );
  const seats = [{ name: "seat", count: 4 }];
  expect(() => ask({ tokens: seats })).toThrow('needs 4 of the tokens "seat", and there are 3.');
  expect(() => ask({ cores: 9, tokens: [{ name: "seat", count: 1 }] })).toThrow(
    'needs 9 cores, 0 GPUs and 0 B of memory, 1 of the tokens "seat", and no executor that may run it has that',
  );
});

test.each([
  [0, "0 B"],
  [1_023, "1020 B"],
  [1_536, "1.5 KiB"],
  [2 ** 50, "1020 TiB"],
])("%d bytes in words", (bytes, words) => expect(bytesInWords(bytes)).toBe(words));
