/** What the suite expects of the engine that it runs on. */

import { fileURLToPath } from "node:url";
import type { StartOptions } from "heddle";

export const setting: StartOptions = {
  apps: ["apps", "join-apps"].map((name) => new URL(`../helpers/${name}.ts`, import.meta.url)),
  workers: 2,
  staging: { cache: fileURLToPath(new URL("../../build/test-files", import.meta.url)) },
  runDir: fileURLToPath(new URL("../../build/test-runs", import.meta.url)),
  memory: "1 GiB",
  tokens: { licence: 2, rare: 1 },
};
