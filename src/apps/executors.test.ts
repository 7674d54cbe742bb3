import { expect, test } from "vitest";
import { memoryOfEach } from "../executors/open.ts";
import { executorsOf } from "./executors.ts";
import { Layers } from "./layers.ts";
import type { RunOptions } from "./options.ts";

function gpusOf(executors: RunOptions["executors"], visible = "", gpus?: RunOptions["gpus"]): Record<string, string[]> {
  const env = { CUDA_VISIBLE_DEVICES: visible };
  const layers = new Layers("run()", { executors, ...(gpus === undefined ? {} : { gpus }) } as RunOptions, env, null);
  return Object.fromEntries(executorsOf(layers, env).map(({ label, devices }) => [label, devices]));
}

test("a GPU that one executor names is not among those that another is counted out", () => {
  expect(gpusOf({ a: { gpus: 1 }, b: { gpus: ["0"] }, c: {} }, "0,1")).toEqual({ a: ["1"], b: ["0"], c: [] });
  expect(gpusOf({ a: { gpus: ["1"] }, b: { gpus: 2 }, c: { gpus: 1 } })).toEqual({ a: ["1"], b: ["0", "2"], c: ["3"] });
  expect(gpusOf({ a: { gpus: ["7"] }, b: { gpus: 2 } }, "", 2)).toEqual({ a: ["7"], b: ["0", "1"] });
});

test("no GPU is given out twice, and none that is not there", () => {
  expect(() => gpusOf({ a: { gpus: ["0"] }, b: { gpus: 2 } }, "0,1")).toThrow(
    "executors.b.gpus is 2, and of the GPUs of the program what is left is 1.",
  );
  expect(() => gpusOf({ a: { gpus: ["0"] }, b: { gpus: ["1", "0"] } })).toThrow(
    "executors.a.gpus and executors.b.gpus both name GPU 0.",
  );
});

test("executors that do not say how much memory they have share what the others leave", () => {
  expect(memoryOfEach([{ memory: 6 }, { memory: null }, { memory: null }], 16)).toBe(5);
  expect(memoryOfEach([{ memory: 20 }, { memory: null }], 16)).toBe(0);
  expect(memoryOfEach([{ memory: null }], 16)).toBe(16);
});
