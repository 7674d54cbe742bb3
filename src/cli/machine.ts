/** What bounds a program on this machine. The reading is apart from the meaning, so that the meaning can be tested. */

import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { coreLimit, settings } from "../native/cgroup.ts";

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
      cgroupLimit: coreLimit()?.cores ?? null,
    },
    memoryBytes: {
      installed: totalmem(),
      cgroupLimit: smallest(
        [...settings(groups, "", "memory.max"), ...settings(groups, "memory", "memory.limit_in_bytes")].map(
          ({ text }) => parseBytes(text),
        ),
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
