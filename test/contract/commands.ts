/** Promises about commands. */

import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type CommandError, type HeddleError, range } from "heddle";
import { expect } from "vitest";
import * as apps from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

const { appends, complains, files, greet, hangs, inFolder, made, much, named, renamed } = apps;
const { replaces, says, saysMade, saysTo, shell, sleeps, slow, unchecked, variables } = apps;

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

  "a command's result may be what it wrote to standard output": async ({ folder }) => {
    expect(await says("a\\n\\n", 0)).toBe("a\n");
    expect(await says("", 0)).toBe("");
    expect(await says("12345678", 0)).toBe("12345678");
    const failure = await failureOf<CommandError>(says("123456789", 0));
    expect(failure.code).toBe("ERR_COMMAND_OUTPUT");
    expect(failure.message).toContain("wrote 9 bytes to standard output, and captureBytes is 8");
    expect((await failureOf(says("x", 1))).code).toBe("ERR_COMMAND_FAILED");
    const again = says("a\\n\\n", 0);
    expect([await again, again.state]).toEqual(["a\n", "memo-done"]);
    expect(await says.map(["x\\n", "y"], [0, 0])).toEqual(["x", "y"]);
    expect(await saysMade(saysMade("ü"))).toBe("ü");
    const file = joinPath(folder, "said.txt");
    const call = saysTo({ text: "filed", file });
    expect([await call, call.stdout, readFileSync(file, "utf8")]).toEqual(["filed", file, "filed\n"]);
  },

  "a function makes the command where the task is submitted": async () => {
    expect(await made("ab", 2)).toMatchObject({ stdout: "abab" });
    expect(await made.map(["x", "y"], [1, 3])).toMatchObject([{ stdout: "x" }, { stdout: "yyy" }]);
  },

  "a placeholder without a value is named": async () => {
    const failure = await failureOf<HeddleError>(greet({ first: "a" }));
    expect(failure.code).toBe("ERR_COMMAND_TEMPLATE");
    expect(failure.message).toContain("no value for the placeholder {second}");
    const index = await failureOf<HeddleError>(files({ source: "a", folder: "b", index: 1 }));
    expect(index.message).toContain('a value "index" is given, and {index} is the number of the task');
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

  "without the check no exit code is a failure": async () => {
    expect(await unchecked(3)).toEqual({ exitCode: 3, stdout: "out\n", stderr: "" });
  },

  "variables are added to the environment of the rank": async () => {
    expect(await variables("Ada")).toMatchObject({ stdout: `hello Ada, ${process.env["HOME"]}` });
  },

  "a command finds its rank, slot and index in its environment, unless the app says otherwise": async ({ engine }) => {
    const results = await named.map(range(50));
    for (const [k, { stdout }] of results.entries()) {
      const [rank, slot, task, argument] = stdout.trim().split(" ").map(Number);
      expect([task, argument]).toEqual([k, k]);
      expect(rank).toBeLessThan(engine.ranks);
      expect(slot).toBeLessThan(engine.kind === "inline" ? 1 : 2);
    }
    expect((await renamed(1)).stdout).toBe("mine\n");
  },

  "a command runs in the folder it is given": async ({ folder }) => {
    expect((await inFolder(folder)).stdout).toBe(`${realpathSync(folder)}\n`);
    expect((await inFolder("/")).stdout).toBe("/\n");
  },

  "files are replaced, or appended to where that was asked for": async ({ folder }) => {
    const [replaced, appended] = [joinPath(folder, "replaced"), joinPath(folder, "appended")];
    for (const text of ["a", "b"]) {
      expect(await replaces({ text, file: replaced })).toEqual({ exitCode: 0, stdout: replaced, stderr: "" });
      await appends({ text, file: appended });
    }
    expect(readFileSync(replaced, "utf8")).toBe("b;");
    expect(readFileSync(appended, "utf8")).toBe("a;b;");
  },

  "a call sets folder, variables and files of its own, over those of the app": async ({ folder }) => {
    const here = realpathSync(folder);
    const there = inFolder.with({ cwd: here, env: { HEDDLE_TASK: "mine", EMPTY: "" }, stdout: "{index}.txt" });
    const future = there("/");
    expect(await future).toEqual({ exitCode: 0, stdout: future.stdout, stderr: "" });
    expect(readFileSync(joinPath(here, future.stdout ?? ""), "utf8")).toBe(`${here}\n`);
    expect((await inFolder("/")).stdout).toBe("/\n");
    expect((await renamed.with({ env: { HEDDLE_TASK: "yours" } })(1)).stdout).toBe("yours\n");
    expect((await made.with({ env: { X: "1" } })("a", 2)).stdout).toBe((await made("a", 2)).stdout);
    const failed = await failureOf(inFolder.with({ cwd: joinPath(here, "missing") })("/"));
    expect(failed).toMatchObject({ code: "ERR_CWD" });
  },

  "maps of commands with settings of their own, each stream appended to or replaced": async ({ folder }) => {
    const [out, err] = [joinPath(folder, "all"), joinPath(folder, "errors")];
    const both = complains.with({ stdout: [out, "append"], stderr: `${err}-{code}` });
    const files = [0, 0, 0].map((code) => ({ code, file: "unused" }));
    const results = await both.map(files);
    expect(results.map(({ stdout, stderr }) => [stdout, stderr])).toEqual(files.map(() => [out, `${err}-0`]));
    expect(readFileSync(out, "utf8")).toBe("fine\nfine\nfine\n");
    expect(readFileSync(`${err}-0`, "utf8")).toBe("bad\n");
    const numbered = await sleeps.with({ stdout: joinPath(folder, "sleep-{index}") }).map([0, 0]);
    expect(numbered.map(({ stdout }) => stdout)).toEqual([0, 1].map((k) => joinPath(folder, `sleep-${k}`)));
  },

  "a file receives standard error alone, also of a command that fails": async ({ folder }) => {
    const file = joinPath(folder, "errors");
    expect(await complains({ code: 0, file })).toEqual({ exitCode: 0, stdout: "fine\n", stderr: file });
    expect(readFileSync(file, "utf8")).toBe("bad\n");
    rmSync(file);
    expect(await failureOf(complains({ code: 5, file }))).toMatchObject({ code: "ERR_COMMAND_FAILED", exitCode: 5 });
    expect(readFileSync(file, "utf8")).toBe("bad\n");
  },

  "a map may set a walltime of its own, for commands and for functions": async ({ engine }) => {
    const commands = await sleeps.map([0, 600], { walltime: 1 }).settled();
    expect(commands.map((one) => one.status)).toEqual(["fulfilled", "rejected"]);
    expect(commands[1]).toMatchObject({ reason: { code: "ERR_WALLTIME" } });
    if (engine.kind === "inline") return; // Has no thread to end.
    const functions = await hangs.map([0, 1, 2], { walltime: 1 }).settled();
    expect(functions.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(functions[1]).toMatchObject({ reason: { code: "ERR_WALLTIME" } });
  },
};
