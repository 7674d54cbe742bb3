// What every executor promises to the program: on each that one process can have, and on ranks.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, start } from "heddle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mpiexec, mpis } from "../helpers/mpi.ts";
import { run } from "../helpers/run.ts";
import { setting } from "./setting.ts";
import { sending, suite } from "./suite.ts";

process.execArgv.push("--import", "tsx"); // So that workers can load apps that are TypeScript.

const several = { executors: { a: {}, b: {} } };

describe.each([
  ["inline", { executor: "inline" }, suite],
  ["threads", { executor: "threads" }, suite],
  ["several executors", several, sending],
] as const)("on %s", (_, options, checks) => {
  let engine: Engine;
  const folder = mkdtempSync(join(tmpdir(), "heddle-contract-"));

  beforeAll(async () => {
    engine = await start({ ...setting, ...options });
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  test.each(Object.entries(checks))("%s", async (_, check) => await check({ engine, folder }));
});

// An engine is of one rank of a job: there the suite runs in a program of its own, and tells.
describe.each(mpis)("on 3 ranks of %s", (mpi) => {
  const outcomes = new Map<string, string | null>();

  test("the suite runs to its end", async () => {
    const command = mpiexec(mpi, 3, ["--import", "tsx", "test/contract/on-ranks.ts"]);
    const { code, stdout, stderr } = await run(command, { env: { HEDDLE_RUN_DIR: null } });
    for (const line of stdout.split("\n").filter((text) => text.startsWith("{"))) {
      const { promise, broken } = JSON.parse(line);
      outcomes.set(promise, broken);
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: "last words\n" }); // Of the one that leaves some.
    expect([...outcomes.keys()]).toEqual(Object.keys(suite));
  });

  test.each(Object.keys(suite))("%s", (promise) => expect(outcomes.get(promise)).toBeNull());
});
