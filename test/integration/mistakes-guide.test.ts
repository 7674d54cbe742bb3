// The mistakes of docs/guide/mistakes.md: each program there prints what the page says, and ends with code 1.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { repository, run } from "../helpers/run.ts";

const page = readFileSync(join(repository, "docs/guide/mistakes.md"), "utf8");
const imports = /^```js\n(import .*)\n```$/m.exec(page)?.[1] as string;
const mistakes = page
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [, program = "", printed = ""] = /```js\n(.*?)\n```\n+```text\n(.*?)\n```/s.exec(section) ?? [];
    return { title: section.split("\n", 1)[0] as string, program, printed: printed.split("\n") };
  });

const folder = mkdtempSync(join(tmpdir(), "heddle-mistakes-"));
mkdirSync(join(folder, "node_modules"));
symlinkSync(repository, join(folder, "node_modules", "heddle"));
afterAll(() => rmSync(folder, { recursive: true }));

/** `…` stands for anything. */
function patternOf(line: string): RegExp {
  const parts = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}(,| \\{)?$`);
}

test("the page has thirty or more", () => {
  expect(mistakes.length).toBeGreaterThanOrEqual(30);
});

describe.concurrent("a newcomer's mistake", () => {
  test.each(mistakes)("$title", async ({ title, program, printed }) => {
    const path = join(folder, `${title.replaceAll(/\W+/g, "-")}.mjs`);
    writeFileSync(path, `${imports}\n${program}\n`);
    const { code, stderr } = await run([process.execPath, path], { cwd: folder, env: { HEDDLE_RUN_DIR: "none" } });
    expect(code).toBe(1);
    const lines = stderr.replaceAll(folder, "/project").split("\n");
    for (const line of printed) {
      const at = lines.findIndex((one) => patternOf(line).test(one));
      expect(at, `${line}\nis not in:\n${lines.join("\n")}`).toBeGreaterThanOrEqual(0);
      lines.splice(0, at + 1);
    }
  });
});
