import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configOf, findConfig, loadConfig } from "./config.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-config-")));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("the file is found in a folder above; two in one folder are a mistake", () => {
  const path = write("heddle.config.json", "{}");
  mkdirSync(join(folder, "a/b"), { recursive: true });
  expect(findConfig(join(folder, "a/b"))).toBe(path);
  write("heddle.config.mjs", "");
  expect(() => findConfig(folder)).toThrow("has heddle.config.mjs and heddle.config.json.");
});

test("a file in TypeScript is compiled, with what it imports", async () => {
  write("sizes.ts", "export const workers: number = 3;\n");
  const text = 'import { workers } from "./sizes.ts";\nexport default { workers } satisfies object;\n';
  const path = write("heddle.config.ts", text);
  expect(await configOf(folder)).toEqual({ path, options: { workers: 3 } });
});

test.each([
  [
    ".json",
    '{"worker": 1, "log": "loud"}',
    /2 options of .*heddle\.config\.json are wrong[\s\S]*did you mean workers\?/,
  ],
  [".json", '{"workers": 1', /heddle\.config\.json cannot be read: .*JSON/],
  [".ts", "export default { workers: 0 };", /heddle\.config\.ts: workers is 0\./],
  [".mjs", "export const a = 1;", /has no default export/],
  [".cjs", "module.exports = { workers: -1 };", /heddle\.config\.cjs: workers is -1\./],
  [".ts", "export default {", /heddle\.config\.ts cannot be read: .*does not compile/],
  [".js", 'throw new Error("no licence");', /heddle\.config\.js cannot be read: no licence/],
])("a file %s with %s is told with its path", async (ending, content, message) => {
  const path = write(`heddle.config${ending}`, content);
  if (ending === ".js") write("package.json", '{"type": "module"}');
  await expect(loadConfig(path)).rejects.toThrow(message);
});

test("HEDDLE_CONFIG names the file, or none, or holds what was read", async () => {
  write("heddle.config.json", '{"workers": 1}');
  vi.stubEnv("HEDDLE_CONFIG", "none");
  expect(await configOf(folder)).toBeNull();
  vi.stubEnv("HEDDLE_CONFIG", '{"path":"/c.ts","options":{"workers":2}}');
  expect(await configOf(folder)).toEqual({ path: "/c.ts", options: { workers: 2 } });
  vi.stubEnv("HEDDLE_CONFIG", join(folder, "heddle.config.mts"));
  await expect(configOf(folder)).rejects.toThrow("There is no configuration file");
});

test("a file that anybody could have written is not run, unless it is named", async () => {
  const path = write("heddle.config.mjs", "export default { workers: 3 };");
  chmodSync(path, 0o666);
  await expect(configOf(folder)).rejects.toThrow(
    `The configuration file ${path} was found, and is not used: every user may write it (chmod o-w).`,
  );
  expect(await configOf(folder, { given: path })).toEqual({ path, options: { workers: 3 } });
});
