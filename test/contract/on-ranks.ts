/** Runs the suite on rank 0 of a job, and prints a line for each check: its promise, and how it was broken, if it was. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "heddle";
import { setting } from "./setting.ts";

const engine = await start(setting);
// Other ranks come no further, and need not load it.
const { suite } = await import("./suite.ts");
const folder = mkdtempSync(join(tmpdir(), "heddle-contract-"));
for (const [promise, check] of Object.entries(suite)) {
  const broken = await check({ engine, folder }).then(
    () => null,
    (error) => String(error?.stack ?? error),
  );
  console.log(JSON.stringify({ promise, broken }));
}
rmSync(folder, { recursive: true });
