/** Promises about commands. */

import { readFileSync, writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type CommandError, type HeddleError, range } from "heddle";
import { expect } from "vitest";
import { files, greet, made, much, shell, slow } from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

export const commandChecks: Checks = {
  "a command gets its words as they are, by name or by position": async () => {
    expect(await greet({ first: "a b", second: "$HOME'" })).toEqual({ exitCode: 0, stdout: "a b-$HOME'", stderr: "" });
    expect(await greet(1, true)).toMatchObject({ stdout: "1-true" });
    expect(await greet.map([{ first: "x", second: "y" }, ["p", "q"]])).toMatchObject([
      { stdout: "x-y" },
      { stdout: "p-q" },
    ]);
    expect(await greet.map(["a", "b"], range(2))).toMatchObject([{ stdout: "a-0" }, { stdout: "b-1" }]);
  },

  "values are quoted for the shell, and accepted exit codes are no failure": async () => {
    expect(await shell("it's; rm -rf x", 4)).toEqual({ exitCode: 4, stdout: "it's; rm -rf x\n", stderr: "err\n" });
    const failure = await failureOf<CommandError>(shell("x", 3));
    expect(failure).toMatchObject({ code: "ERR_COMMAND_FAILED", exitCode: 3, signal: null });
    expect(failure.stderr).toContain("err");
    expect(failure.message).toContain("stderr: err");
  },

  "a function makes the command where the task is submitted": async () => {
    expect(await made("ab", 2)).toMatchObject({ stdout: "abab" });
    expect(await made.map(["x", "y"], [1, 3])).toMatchObject([{ stdout: "x" }, { stdout: "yyy" }]);
  },

  "a placeholder without a value is named": async () => {
    const failure = await failureOf<HeddleError>(greet({ first: "a" }));
    expect(failure.code).toBe("ERR_COMMAND_TEMPLATE");
    expect(failure.message).toContain("no value for the placeholder {second}");
  },

  "streams go to files": async ({ folder }) => {
    const source = joinPath(folder, "in.txt");
    writeFileSync(source, "content");
    await files.map([{ source, folder }]);
    expect(readFileSync(joinPath(folder, "out-0.txt"), "utf8")).toBe("content");
  },

  "a command over its walltime is ended, one that writes too much is cut": async () => {
    expect((await failureOf(slow(30))).code).toBe("ERR_WALLTIME");
    const { stdout } = await much(10_000);
    expect(stdout).toMatch(/^x{50}\n?\[\.\.\. 9900 bytes cut \.\.\.\]\n?x{50}$/);
  },
};
