/** What bounds a program on this machine. The reading is apart from the meaning, so that the meaning can be tested. */

import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";

export interface Machine {
  cores: { installed: number; usable: number; cgroupLimit: number | null };
  memoryBytes: { installed: number; cgroupLimit: number | null };
  /** `null`: there is none, or it cannot be written. */
  sharedMemoryFreeBytes: number | null;
  limits: { openFiles: number; processes: number };
}

export function readMachine(): Machine {
  const limits = readText("/proc/self/limits");
  const groups = readText("/proc/self/cgroup");
  return {
    cores: {
      installed: cpus().length,
      usable: availableParallelism(),
      cgroupLimit: smallest([
        ...settings(groups, "", "cpu.max").map(parseCpuMax),
        ...settings(groups, "cpu", "cpu.cfs_quota_us").map((quota, k) => {
          const period = Number(settings(groups, "cpu", "cpu.cfs_period_us")[k]);
          return Number(quota) > 0 && period > 0 ? Number(quota) / period : null;
        }),
      ]),
    },
    memoryBytes: {
      installed: totalmem(),
      cgroupLimit: smallest(
        [...settings(groups, "", "memory.max"), ...settings(groups, "memory", "memory.limit_in_bytes")].map(parseBytes),
      ),
    },
    sharedMemoryFreeBytes: sharedMemory(),
    limits: { openFiles: softLimit(limits, "Max open files"), processes: softLimit(limits, "Max processes") },
  };
}

/** Soft limit of one row of /proc/self/limits. Pure. */
export function softLimit(text: string, row: string): number {
  const value = new RegExp(`^${row}\\s+(\\S+)`, "m").exec(text)?.[1];
  return value === undefined || value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value);
}

/** Cores that cgroup v2's `cpu.max` grants: "150000 100000" are 1.5; `null`: no limit. Pure. */
export function parseCpuMax(text: string): number | null {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : null;
}

/** Folders of a cgroup from its own up to the root, as `/proc/self/cgroup` names it. Pure. `controller` "": cgroup v2. */
export function cgroupFolders(text: string, controller: string): string[] {
  const rows = text.split("\n").map((row) => row.split(":"));
  const path = rows
    .find(([, controllers]) => (controllers ?? "").split(",").includes(controller))
    ?.slice(2)
    .join(":");
  if (path === undefined) return [];
  const parts = path.split("/").filter(Boolean);
  return [...parts.keys(), parts.length].map((n) => `/${parts.slice(0, n).join("/")}`).reverse();
}

function settings(groups: string, controller: string, file: string): string[] {
  const mount = join("/sys/fs/cgroup", controller);
  return cgroupFolders(groups, controller)
    .map((folder) => readText(join(mount, folder, file)))
    .filter(Boolean);
}

function parseBytes(text: string): number | null {
  const bytes = Number(text);
  return Number.isFinite(bytes) && bytes > 0 && bytes < totalmem() ? bytes : null;
}

function smallest(values: (number | null)[]): number | null {
  const set = values.filter((value) => value !== null);
  return set.length === 0 ? null : Math.min(...set);
}

function sharedMemory(): number | null {
  try {
    accessSync("/dev/shm", constants.W_OK);
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize;
  } catch {
    return null;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
