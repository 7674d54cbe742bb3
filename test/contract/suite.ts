/** What every executor promises to the program, in the order in which it is checked. */

import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { broadcast, type HeddleError, range } from "heddle";
import { expect } from "vitest";
import { later, square } from "../helpers/apps.ts";
import { broadcastChecks } from "./broadcast.ts";
import { callChecks } from "./calls.ts";
import { type Checks, failureOf } from "./check.ts";
import { commandChecks } from "./commands.ts";
import { dataflowChecks } from "./dataflow.ts";
import { fileMemoChecks } from "./file-memos.ts";
import { fileChecks } from "./files.ts";
import { isolationChecks } from "./isolation.ts";
import { mapChecks } from "./maps.ts";
import { nestedChecks } from "./nested.ts";
import { placementChecks } from "./placement.ts";
import { resourceChecks } from "./resources.ts";
import { runDirectoryChecks } from "./run-directory.ts";
import { sharingChecks } from "./sharing.ts";
import { stateChecks } from "./states.ts";

// The last: nothing can be checked after it.
const closing: Checks = {
  "what is outstanding at close fails, later calls are refused, and files of the job are gone": async ({
    engine,
    folder,
  }) => {
    writeFileSync(join(folder, "for-a-while"), "x");
    const file = await broadcast(join(folder, "for-a-while"));
    expect(existsSync(file)).toBe(true);
    const open = failureOf<HeddleError>(later.map(range(1e9)).discard());
    await new Promise((resolve) => setImmediate(resolve));
    await engine.close();
    expect((await open).code).toBe("ERR_CLOSED");
    expect(() => square(1)).toThrow("was called after close()");
    expect(existsSync(dirname(dirname(file)))).toBe(false);
  },
};

export const suite: Checks = {
  ...callChecks,
  ...dataflowChecks,
  ...stateChecks,
  ...mapChecks,
  ...commandChecks,
  ...sharingChecks,
  ...nestedChecks,
  ...placementChecks,
  ...resourceChecks,
  ...isolationChecks,
  ...fileChecks,
  ...runDirectoryChecks,
  ...fileMemoChecks,
  ...broadcastChecks,
  ...closing,
};

/** What depends on where tasks are sent, and how results come back: for several executors together, each of which keeps the rest by itself. */
export const sending: Checks = {
  ...callChecks,
  ...dataflowChecks,
  ...mapChecks,
  ...sharingChecks,
  ...nestedChecks,
  ...placementChecks,
  ...resourceChecks,
  ...closing,
};
