import { expect, test } from "vitest";
import { cgroupFolders, parseCpuMax } from "./cgroup.ts";

test("a quota of cores may be a fraction, or none", () => {
  expect(parseCpuMax("150000 100000\n")).toBe(1.5);
  expect(parseCpuMax("max 100000\n")).toBeNull();
  expect(parseCpuMax("-1\n 100000\n")).toBeNull();
});

test("a cgroup is bounded by all above it", () => {
  expect(cgroupFolders("0::/user.slice/job\n", "")).toEqual(["/user.slice/job", "/user.slice", "/"]);
  expect(cgroupFolders("4:cpu,cpuacct:/a\n0::/\n", "cpu")).toEqual(["/a", "/"]);
  expect(cgroupFolders("4:memory:/a\n", "cpu")).toEqual([]);
});
