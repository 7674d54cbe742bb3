/** Ctrl-C, kill, and a reader of standard output that went away: one line, then everything ends, children included. */

import type { Engine } from "../dataflow/engine.ts";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const WAIT_MS = 300; // Rank 0 speaks for all when a launcher signals all.

/** Installs the handlers of a program that run() owns. */
export function watchSignals(engine: Engine): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      const end = (): void => endNow(engine, EXIT_CODES[signal], `${signal} received`);
      if (engine.rank === 0) end();
      else setTimeout(end, WAIT_MS);
    });
  }
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    const fix = "let the reader read to the end, or write to a file";
    endNow(engine, 1, "ERR_STDOUT_CLOSED: whoever read standard output is gone", fix);
  });
}

function endNow(engine: Engine, code: number, why: string, fix: string | null = null): void {
  const where = engine.ranks === 1 ? "" : ` on rank ${engine.rank}`;
  process.stderr.write(`heddle: ${why}${where}; ending all tasks\n${fix === null ? "" : `  fix: ${fix}\n`}`);
  engine.abort(code);
  process.exit(code);
}
