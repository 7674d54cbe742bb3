/** Was this code put onto the node's own disk by `heddle run -n`? See src/cli/stage.ts and native/guardian/stage.h. */

/** What the first lines of each staged file leave on `globalThis`. */
export interface Staged {
  /** Where the staged files lie. */
  folder: string;
}

export const stagedKey = "heddle.staged";

/** Names of staged files that somebody asks for. */
export const stagedNames = {
  program: "program.mjs",
  worker: "worker.mjs",
  addon: "heddle.node",
  guardian: "heddle-guardian",
  strings: "msgpackr-extract.node",
} as const;

/** Null: it was loaded from the package. */
export function stagedFolder(): string | null {
  const holder = globalThis as unknown as Record<symbol, Staged | undefined>;
  return holder[Symbol.for(stagedKey)]?.folder ?? null;
}
