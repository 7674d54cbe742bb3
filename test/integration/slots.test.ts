// How many commands run at a time, as the option of run() and the environment say.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onThreads } from "../helpers/mpi.ts";
import { type Ended, run } from "../helpers/run.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-slots-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function slots(how: string, own: string[], env: Record<string, string> = {}): Promise<Ended> {
  return run(onThreads.command(["test/integration/programs/slots.js", how, folder, ...own]), { env });
}

test("with processSlots: 1 in the program no command runs beside another, whatever the environment says", async () => {
  expect(await slots("alone", ["1"], { HEDDLE_PROCESS_SLOTS: "3" })).toMatchObject({
    code: 0,
    stdout: "done\n",
    stderr: "",
  });
});

test("HEDDLE_PROCESS_SLOTS counts where the program says nothing, and so many run at once, however few cores there are", async () => {
  expect(await slots("together", [], { HEDDLE_PROCESS_SLOTS: "3" })).toMatchObject({ code: 0, stdout: "done\n" });
  expect((await slots("alone", [], { HEDDLE_PROCESS_SLOTS: "3" })).stderr).toContain("ERR_BATCH_FAILED");
});
