/** Promises about the run directory. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "heddle";
import { expect } from "vitest";
import { exits, litters } from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

export const runDirectoryChecks: Checks = {
  "a task gets a folder of its own, another one for its second try, and files for its output": async ({ engine }) => {
    const outputs = join(engine.runDir as string, "outputs", "litters");
    const own = litters.with({ stdout: "auto", stderr: "auto", retries: 1 });
    const call = own(0);
    const { stdout, stderr } = (await call) as CommandResult;
    expect([stdout, stderr]).toEqual([call.stdout, call.stderr]);
    expect(stdout).toMatch(/^.*\/outputs\/litters\/000000\/\d+\.stdout$/);
    expect(readFileSync(stdout, "utf8")).toBe(`${stdout.replace(".stdout", "")}\n`);
    const failing = own(1);
    await failureOf(failing);
    const folder = (failing.stdout as string).replace(".stdout", "");
    expect(readFileSync(failing.stdout as string, "utf8")).toBe(`${folder}.try2\n`);
    expect(existsSync(join(folder, "left"))).toBe(true);
    const [first, other] = (await Promise.all([own.map([0]), own.map([0])])).map(([result]) => result?.stdout);
    expect(new Set([stdout, first, other]).size).toBe(3);
    expect(first).toContain(`${outputs}/map-`);
  },

  "the run directory has the options in force and a log with the program's own lines": async ({ engine }) => {
    const config = JSON.parse(readFileSync(join(engine.runDir as string, "config.json"), "utf8"));
    expect(config).toMatchObject({ executor: { kind: engine.kind, ranks: engine.ranks }, pid: process.pid });
    engine.log.debug("not written");
    engine.log.warn("half of it", { share: 0.5 });
    const lines = readFileSync(join(engine.runDir as string, "heddle.log"), "utf8")
      .trim()
      .split("\n");
    const read = lines.map((line) => JSON.parse(line));
    expect(read[0]).toMatchObject({ level: "info", msg: "started" });
    expect(read.at(-1)).toMatchObject({ level: "warn", msg: "half of it", share: 0.5 });
    expect(lines.join()).not.toContain("not written");
  },

  "events count what was submitted and what ended, and name what failed": async ({ engine }) => {
    const path = join(engine.runDir as string, "events.jsonl");
    const failing = exits.with({ retries: 1 })(1);
    const failed = await failureOf(failing);
    await exits.map([0, 0]).discard();
    const lines = (): Record<string, unknown>[] => {
      const read = readFileSync(path, "utf8")
        .split("\n")
        .flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
      return read.filter(({ app }) => app === "exits");
    };
    const sum = (key: string): number => lines().reduce((total, line) => total + ((line[key] as number) ?? 0), 0);
    await until(() => sum("done") === 2);
    expect([sum("submitted"), sum("failed")]).toEqual([4, 2]);
    const { index, id } = failing;
    expect(id).toBe(`exits#${index}`);
    const known = { index, map: null, code: "ERR_COMMAND_FAILED", message: failed.message.slice(0, 500) };
    expect(lines().filter(({ event }) => event !== "tasks")).toMatchObject([
      { event: "retry", ...known, tries: 1, message: expect.any(String) },
      { event: "failed", ...known, tries: 2 },
    ]);
  },
};

/** They are written soon, not at once. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}
