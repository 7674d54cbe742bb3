import { expect, test } from "vitest";
import { readMachine, softLimit } from "./machine.ts";

test("the soft limit counts, and unlimited is infinite", () => {
  const text =
    "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096    files\nMax processes  unlimited  unlimited  processes\n";
  expect(softLimit(text, "Max open files")).toBe(1024);
  expect(softLimit(text, "Max processes")).toBe(Number.POSITIVE_INFINITY);
});

test("this machine has cores and memory", () => {
  const { cores, memoryBytes } = readMachine();
  expect(cores.usable).toBeGreaterThan(0);
  expect(cores.usable).toBeLessThanOrEqual(cores.installed);
  expect(memoryBytes.installed).toBeGreaterThan(1 << 20);
});
