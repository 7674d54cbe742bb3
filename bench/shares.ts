/** Did every rank take part? A rate over ranks counts only if each ran at least half its fair share of the tasks. */

import type { SessionStats } from "../src/native/binding.ts";

export const SHARE_MIN = 0.5;

/** Tasks that each rank ran between two looks, by rank. */
export function ranBetween(before: readonly SessionStats[], after: readonly SessionStats[]): number[] {
  return after.map((stats, rank) => stats.tasksRun - (before[rank]?.tasksRun ?? 0));
}

/** Each rank's part of the fair share: 1 is exactly fair. */
export function fairShares(ran: readonly number[]): number[] {
  const total = ran.reduce((sum, tasks) => sum + tasks, 0);
  return ran.map((tasks) => (total === 0 ? 0 : Math.round((1000 * tasks * ran.length) / total) / 1000));
}

export function sharesCount(shares: readonly number[]): boolean {
  return shares.every((share) => share >= SHARE_MIN);
}
