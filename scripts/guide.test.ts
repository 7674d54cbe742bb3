import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deadLinks, pagesOf, snippetsOf, textOf, wrongSnippets } from "./guide.ts";

const root = join(import.meta.dirname, "..");

test("every snippet of the guide and of README.md compiles, and one that does not is found at its line", () => {
  const wrong = ["# Page", "```ts", 'import { app } from "heddle";', "```", "text", "```ts", "app(1);", "```"].join(
    "\n",
  );
  const snippets = pagesOf(root).flatMap((page) => snippetsOf(page, textOf(root, page)));
  expect(snippets.length).toBeGreaterThan(10);
  const found = wrongSnippets(root, [...snippets, ...snippetsOf("wrong.md", wrong)]);
  expect(found.filter((one) => !one.startsWith("wrong.md"))).toEqual([]);
  expect(found).toEqual([expect.stringMatching(/^wrong\.md:7: /)]);
});

test("a block that imports from heddle begins a program", () => {
  const block = (code: string): string => `\`\`\`ts\n${code}\n\`\`\`\n`;
  const page = `${block('import { a } from "heddle";')}${block("two")}${block('import { b } from "heddle";')}`;
  expect(snippetsOf("p", page).map(({ text }) => text.trim().split("\n"))).toEqual([
    ['import { a } from "heddle";', "", "", "two"],
    ['import { b } from "heddle";'],
  ]);
});

test("links of the guide lead to files that are there", () => {
  const exists = (path: string): boolean => existsSync(join(root, path));
  expect(pagesOf(root).flatMap((page) => deadLinks(page, textOf(root, page), exists))).toEqual([]);
  expect(deadLinks("docs/a.md", "[x](b.md#c) [y](https://z)", () => false)).toEqual(["docs/a.md: b.md"]);
});
