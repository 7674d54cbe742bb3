/** How files are brought: settings of the program, that every rank and worker is told. Plain data. */

import { homedir } from "node:os";
import { join } from "node:path";

export interface StagingSettings {
  /** Folder of copies, absolute. */
  readonly cache: string;
  /** Bytes of copies that are kept; those that were used longest ago go first. */
  readonly cacheBytes: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Before the first of them; doubled for each. */
  readonly backoffMs: number;
  /** An attempt without a byte for so long is given up. */
  readonly stallMs: number;
  /** Every node sees the folder of copies: one copy serves all. */
  readonly shared: boolean;
}

export function defaultStaging(): StagingSettings {
  const base = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return {
    cache: join(base, "heddle", "files"),
    cacheBytes: 50 * 2 ** 30,
    retries: 4,
    backoffMs: 500,
    stallMs: 60_000,
    shared: false,
  };
}
