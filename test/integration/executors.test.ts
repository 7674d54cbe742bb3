// Several executors with labels, from a configuration file and from the environment, in real programs.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mpiexec, mpis } from "../helpers/mpi.ts";
import { cli, repository, run } from "../helpers/run.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-executors-"));
  cpSync(join(repository, "test/integration/programs/executors.js"), join(folder, "executors.mjs"));
  const config = "{ executors: { cpu: { workers: 2 }, gpu: { workers: 1, gpus: 1 } } }";
  writeFileSync(
    join(folder, "heddle.config.ts"),
    `import { defineConfig } from "heddle";\nexport default defineConfig(${config});\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = (env: Record<string, string> = {}) =>
  run([process.execPath, cli, "run", join(folder, "executors.mjs")], { env });

test("apps, calls and maps choose executors by label, and what asks for none is shared among all", async () => {
  const { stdout, stderr } = await start();
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    executors: [
      { label: "cpu", kind: "threads", workers: 2, gpus: 0 },
      { label: "gpu", kind: "threads", workers: 1, gpus: 1 },
    ],
    spread: ["cpu", "gpu"],
    chosen: ["cpu", "cpu", "cpu"],
    dataflow: ["cpu", "gpu", "0"],
    needs: "gpu",
    calls: 500_500,
    sum: 5_000_050_000,
    nested: ["cpu", ["cpu"], "ERR_EXECUTOR"],
    command: ["a", "b", "c"],
    cancelled: "ERR_CANCELLED",
    running: ["gpu", "cpu"],
    wrong: ["ERR_EXECUTOR", expect.stringContaining("there are cpu, gpu.\n  fix: did you mean gpu?")],
  });
});

test("a label that no executor has is told before anything runs", async () => {
  const { code, stdout, stderr } = await start({ HEDDLE_CONFIG: "none" });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain('App "on-gpu" asks for the executor "gpu", and there is none: there is default.');
});

test.each(mpis)(
  "an executor of 3 ranks of %s beside one of threads: labels choose, both run the rest, both end",
  async (mpi) => {
    const program = join(repository, "test/integration/programs/executors-ranks.js");
    const { code, stdout, stderr } = await run(mpiexec(mpi, 3, [program]));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const ranks = ["ranks 0", "ranks 1", "ranks 2"];
    expect(JSON.parse(stdout)).toEqual({
      executors: [
        ["local", "threads", 1, 1],
        ["ranks", "mpi", 3, 1],
      ],
      local: ["local 0"],
      ranks,
      all: ["local 0", ...ranks],
      calls: ["local 0", ...ranks],
      order: true,
      sum: 100_000,
      flow: 3,
      failed: "rfrfrfrfrf",
      target: ["ranks 2"],
    });
  },
);
