/** What the suite expects of the engine that it runs on. */

import type { StartOptions } from "heddle";

export const setting: StartOptions = {
  apps: [new URL("../helpers/apps.ts", import.meta.url)],
  workers: 2,
  memory: "1 GiB",
  tokens: { licence: 2, rare: 1 },
};
