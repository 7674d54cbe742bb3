import { expect, test } from "vitest";
import { fill, shellQuote, TemplateCompiler } from "./template.ts";

function compile(text: string): { pieces: (string | number)[]; compiler: TemplateCompiler } {
  const compiler = new TemplateCompiler("dock");
  return { pieces: compiler.compile(text, "word 0"), compiler };
}

test("placeholders become numbers of argument strings, each name one number", () => {
  const { pieces, compiler } = compile("--in={ligand} {0} {ligand} #{index}");
  expect(pieces).toEqual(["--in=", 0, " ", 1, " ", 0, " #", 2]);
  expect(compiler.placeholders()).toEqual({
    slots: [{ name: "ligand" }, { position: 0 }, { index: true }],
    names: ["ligand"],
  });
});

test("doubled braces are literal", () => {
  expect(compile("awk '{{print $1}}' {file}").pieces).toEqual(["awk '{print $1}' ", 0]);
});

test("an empty word stays a word", () => {
  expect(compile("").pieces).toEqual([""]);
});

test.each(["{", "{a b}", "{}", "x}", "{a", "{{{a"])("%s is refused with the app and the place", (text) => {
  expect(() => compile(text)).toThrow(/App "dock": word 0 .*\n {2}fix: placeholders are/);
});

test("a value is one word for the shell, whatever is in it", () => {
  expect(shellQuote("it's $HOME `x`")).toBe("'it'\\''s $HOME `x`'");
  expect(fill(["echo ", 0], ["a b"], true)).toBe("echo 'a b'");
  expect(fill(["out-", 0, ".txt"], ["a b"], false)).toBe("out-a b.txt");
});
