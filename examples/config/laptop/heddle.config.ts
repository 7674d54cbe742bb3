// A laptop: threads, a core left for the rest, and results that outlive the program.
//   heddle run screen.ts

import { availableParallelism } from "node:os";
import { type Config, defineConfig } from "heddle";

const config: Config = defineConfig({
  executor: "threads",
  workers: Math.max(1, availableParallelism() - 1),
  checkpoint: "task",
});

export default config;
