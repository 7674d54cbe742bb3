import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mainHelp } from "./help.ts";

test("the help names every variable of the environment that settings are read from", () => {
  const source = new URL("../", import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  );
  const read = files.flatMap((name) => {
    const text = readFileSync(new URL(name, source), "utf8");
    return [
      ...text.matchAll(
        /(?:env|environment|Environment\(\))\["(HEDDLE_\w+)"\]|numberFrom\("(HEDDLE_\w+)"\)|\benv: "(HEDDLE_\w+)"/g,
      ),
    ];
  });
  const names = [...new Set(read.map((match) => match[1] ?? match[2] ?? match[3]))].sort();
  expect(names).toContain("HEDDLE_WORKERS");
  const told = [...mainHelp.matchAll(/^ {2}(HEDDLE_\w+) /gm)].map((match) => match[1]);
  expect(told.sort()).toEqual(names);
});
