import { inspect } from "node:util";
import { expect, test } from "vitest";
import { shown, withoutSecrets } from "./errors.ts";
import { file } from "./file.ts";

test("what is written down of an address has no password and no signature, and what moves the file has them", () => {
  const url = "https://me:secret@host/data?X-Amz-Signature=secret&part=2";
  const bare = "https://me:***@host/data?X-Amz-Signature=***&part=2";
  expect(withoutSecrets(url)).toBe(bare);
  expect([String(file(url)), JSON.stringify(file(url))]).toEqual([bare, JSON.stringify(bare)]);
  expect(inspect({ data: file(url) })).toBe(`{ data: file("${bare}") }`);
  expect(file(url).url).toBe(url);
  expect(() => file("ftp://me:secret@host:99999/x")).toThrow('"ftp://***@host:99999/x" is no URL');
});

test("a local file is shown by its path", () => {
  for (const path of ["/data/a b", "/data/a#b", "/data/a%23b", "/data/ü?"]) {
    expect(shown(file(path).url)).toBe(path);
    expect(withoutSecrets(file(path).url)).toBe(file(path).url);
  }
});

test("a file has a name that a folder of copies can have", () => {
  const names = ["/a%2F..", "/.%00", "/", "/two%20words%20%23%20%25"].map((path) => file(`http://host${path}`).name);
  expect(names).toEqual(["file", "._", "file", "two words # %"]);
});

test("a file of another machine, or without a path, is told where it is named", () => {
  for (const url of ["file://elsewhere/x", new URL("file:///a%2Fb")])
    expect(() => file(url)).toThrow(/is not a path of this machine/);
});
