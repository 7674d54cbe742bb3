import { beforeEach, expect, test } from "vitest";
import { ANYWHERE, type AppDefinition, appEntries, findApp, forgetApps, freezeApps, register } from "./registry.ts";

beforeEach(forgetApps);

function definition(name: string, source = "() => 1", returns: AppDefinition["returns"] = null): AppDefinition {
  const other = {
    walltimeMs: 0,
    placement: ANYWHERE,
    command: null,
    placeholders: null,
    native: null,
    isolated: false,
  };
  return { name, kind: "js", fn: () => 1, returns, source, ...other };
}

function codeOf(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("an app is found by its name", () => {
  register(definition("a"));
  expect(findApp("a")?.name).toBe("a");
  expect(findApp("b")).toBeUndefined();
});

test("a name used twice is refused with the name", () => {
  register(definition("energy"));
  expect(() => register(definition("energy"))).toThrow('Two apps are named "energy".');
});

test("an app that comes after run() is refused with its name and who froze", () => {
  freezeApps("run()");
  expect(() => register(definition("late"))).toThrow('App "late" is defined after run() was called');
});

test.each([[""], ["x".repeat(201)], ["heddle:mine"], [5 as unknown as string]])("the name %j is refused", (name) => {
  expect(codeOf(() => register(definition(name)))).toBe("ERR_APP_NAME");
});

test("entries come in the order of names on every rank, whatever the order of definition", () => {
  register(definition("b"));
  register(definition("a"));
  expect(
    appEntries()
      .map((entry) => entry.name)
      .filter((name) => !name.startsWith("heddle:")),
  ).toEqual(["a", "b"]);
});

test("the fingerprint changes with source and type, not with what stands around", () => {
  register(definition("a", "x => x"));
  register(definition("b", "x => x"));
  register(definition("c", "x => x + 1"));
  register(definition("d", "x => x", "f64"));
  const [a, b, c, d] = ["a", "b", "c", "d"].map(
    (name) => appEntries().find((entry) => entry.name === name)?.fingerprint,
  );
  expect(a).toBe(b);
  expect(new Set([a, c, d]).size).toBe(3);
});
