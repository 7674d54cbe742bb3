import { expect, test } from "vitest";
import { cgroupFolders, parseCpuMax, readMachine, softLimit } from "./machine.ts";

test("the soft limit counts, and unlimited is infinite", () => {
  const text =
    "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096    files\nMax processes  unlimited  unlimited  processes\n";
  expect(softLimit(text, "Max open files")).toBe(1024);
  expect(softLimit(text, "Max processes")).toBe(Number.POSITIVE_INFINITY);
});

test("a quota of cores may be a fraction, or none", () => {
  expect(parseCpuMax("150000 100000\n")).toBe(1.5);
  expect(parseCpuMax("max 100000\n")).toBeNull();
});

test("a cgroup is bounded by all above it", () => {
  expect(cgroupFolders("0::/user.slice/job\n", "")).toEqual(["/user.slice/job", "/user.slice", "/"]);
  expect(cgroupFolders("4:cpu,cpuacct:/a\n0::/\n", "cpu")).toEqual(["/a", "/"]);
  expect(cgroupFolders("4:memory:/a\n", "cpu")).toEqual([]);
});

test("this machine has cores and memory", () => {
  const { cores, memoryBytes } = readMachine();
  expect(cores.usable).toBeGreaterThan(0);
  expect(cores.usable).toBeLessThanOrEqual(cores.installed);
  expect(memoryBytes.installed).toBeGreaterThan(1 << 20);
});
