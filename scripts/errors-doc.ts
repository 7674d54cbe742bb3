/** Writes docs/ERRORS.md from src/error-docs.ts; with `--check`, only compares. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { errorDocs } from "../src/error-docs.ts";

const file = "docs/ERRORS.md";
const rows = Object.entries(errorDocs).sort(([a], [b]) => a.localeCompare(b));
const text = `# Errors

Every error that Heddle makes has a \`code\`, a message with the values, and a \`hint\`. The codes are stable.
Generated from src/error-docs.ts by \`npm run docs\`; do not edit.

${rows.map(([code, { when, fix }]) => `## ${code}\n\n${when}\n\n**Fix:** ${fix}\n`).join("\n")}`;

if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
  console.error(`${file} is not what src/error-docs.ts says.\n  fix: npm run docs`);
  process.exitCode = 1;
}
