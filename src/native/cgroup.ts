/** What control groups grant a process: v1 and v2, each with all that stand above its own. */

import { readFileSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";

/** A grant of processor time. */
export interface CoreLimit {
  /** Cores' worth of time: may be a fraction. */
  cores: number;
  /** Of the group that has the limit; processes with the same one share it. */
  id: bigint;
}

/** The tightest limit on processor time that holds for this process; null: none. */
export function coreLimit(): CoreLimit | null {
  const groups = readText("/proc/self/cgroup");
  const found = [
    ...settings(groups, "", "cpu.max").map(({ folder, text }) => ({ folder, cores: parseCpuMax(text) })),
    ...settings(groups, "cpu", "cpu.cfs_quota_us").map(({ folder, text }) => {
      const period = readText(join(folder, "cpu.cfs_period_us"));
      return { folder, cores: parseCpuMax(`${text} ${period}`) };
    }),
  ];
  let least: CoreLimit | null = null;
  for (const { folder, cores } of found) {
    if (cores !== null && cores < (least?.cores ?? Number.POSITIVE_INFINITY)) least = { cores, id: idOf(folder) };
  }
  return least;
}

/** Bytes of memory that this process may use: what its control groups grant, or what the machine has. */
export function memoryLimit(): number {
  const groups = readText("/proc/self/cgroup");
  const found = [...settings(groups, "", "memory.max"), ...settings(groups, "memory", "memory.limit_in_bytes")];
  const limits = found.map(({ text }) => Number(text.trim())).filter((bytes) => bytes > 0);
  return Math.min(totalmem(), ...limits);
}

/** Contents of a file of this process's group and of all above it, its own first. `controller` "": cgroup v2. */
export function settings(groups: string, controller: string, file: string): { folder: string; text: string }[] {
  const mount = join("/sys/fs/cgroup", controller);
  return cgroupFolders(groups, controller)
    .map((folder) => ({ folder: join(mount, folder), text: readText(join(mount, folder, file)) }))
    .filter(({ text }) => text !== "");
}

/** Cores that a quota and its period grant: "150000 100000" are 1.5; `null`: no limit ("max", or -1). Pure. */
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

// The kernel's number of the group: in a container its path says nothing.
function idOf(folder: string): bigint {
  return statSync(folder, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
