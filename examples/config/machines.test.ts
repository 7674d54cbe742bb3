import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { resolveOptions } from "../../src/apps/resolve.ts";

const machines = readdirSync(fileURLToPath(new URL(".", import.meta.url)), { withFileTypes: true });

test.each(machines.filter((each) => each.isDirectory()).map(({ name }) => name))("%s resolves", async (machine) => {
  const path = new URL(`./${machine}/heddle.config.ts`, import.meta.url);
  const { default: options } = await import(path.href);
  const { executors } = resolveOptions({}, { by: "run()", config: { path: path.pathname, options } });
  expect(executors).toHaveLength(1);
  expect(executors[0]?.devices).toHaveLength({ polaris: 4, frontier: 8, perlmutter: 4, aurora: 6 }[machine] ?? 0);
});
