import { expect, test } from "vitest";
import {
  app,
  asCompleted,
  bashApp,
  file,
  HeddleError,
  joinApp,
  nativeApp,
  range,
  stagingProvider,
  start,
} from "../index.ts";
import { walltimeMs } from "./definition.ts";

test("an option that no app has is an error that knows what was meant", () => {
  const made = (options: object) => () => app("known", () => 1, options);
  expect(made({ retires: 3 })).toThrow('App "known" has no option "retires".\n  fix: did you mean retries?');
  expect(made({ nothing: 3 })).toThrow("fix: use priority, target, resources, executors");
  expect(() => bashApp("known", "true", { retruns: 1 } as object)).toThrow('has no option "retruns"');
  expect(() => joinApp("known", () => 1, { priority: 1 } as object)).toThrow("use retries, cache, walltime");
  expect(() => app("withs", () => 1).with({ returns: "f64" } as object)).toThrow("withs.with() has no option");
});

test.each([
  ["10m", 600],
  ["1.5 h", 5_400],
  ["30", 30],
  ["00:10:00", 600],
  ["1-00:00:01", 86_401],
])("a walltime of %o is told in seconds", (given, seconds) => {
  expect(() => walltimeMs("a", given as never)).toThrow(`walltime is "${given}".\n  fix: give seconds: ${seconds}`);
});

test("a walltime that says nothing is told what to be", () => {
  for (const given of ["soon", -1, "0"]) {
    expect(() => walltimeMs("a", given as never)).toThrow("fix: give seconds, more than 0");
  }
});

type Loose = (...args: readonly unknown[]) => unknown;
const made = (name: string): Loose & { with: Loose } => app(name, () => 1) as never;
let names = 0;

test.each<[string, (wrong: unknown, name: string) => unknown, unknown[]]>([
  ["app(it)", (wrong) => (app as Loose)(wrong, () => 1), [undefined, null, 5, Symbol("s")]],
  ["app(name, it)", (wrong, name) => (app as Loose)(name, wrong), [undefined, null, 5, {}]],
  ["app(name, f, it)", (wrong, name) => (app as Loose)(name, () => 1, wrong), [null, 5, "x", [1]]],
  ["app.with(it)", (wrong, name) => made(name).with(wrong), [null, 5, "x", [1]]],
  ["bashApp(it)", (wrong) => (bashApp as Loose)(wrong, "true"), [undefined, null, 5, Symbol("s")]],
  ["bashApp(name, it)", (wrong, name) => (bashApp as Loose)(name, wrong), [undefined, null, 5, [1], {}]],
  ["bashApp(name, command, it)", (wrong, name) => (bashApp as Loose)(name, "true", wrong), [null, 5, "x", [1]]],
  ...["okExitCodes", "returns", "env", "check", "append", "cwd", "stdout"].map(
    (key): [string, (wrong: unknown, name: string) => unknown, unknown[]] => [
      `${key} of bashApp`,
      (wrong, name) => (bashApp as Loose)(name, "true", { stderr: "x", stdout: "y", [key]: wrong }),
      [null, 5, { a: 1 }, Symbol("s")],
    ],
  ),
  ["joinApp(it)", (wrong) => (joinApp as Loose)(wrong, () => 1), [undefined, null, 5, Symbol("s")]],
  ["joinApp(name, it)", (wrong, name) => (joinApp as Loose)(name, wrong), [undefined, null, 5, {}]],
  ["joinApp(name, f, it)", (wrong, name) => (joinApp as Loose)(name, () => 1, wrong), [null, 5, "x", [1]]],
  ["nativeApp(it)", (wrong) => (nativeApp as Loose)(wrong, {}), [undefined, null, 5, Symbol("s")]],
  ["nativeApp(name, it)", (wrong, name) => (nativeApp as Loose)(name, wrong), [undefined, null, 5, "x", [1]]],
  ["file(path, it)", (wrong) => (file as Loose)("x", wrong), [null, 5, "x", [1]]],
  ["range(it)", (wrong) => (range as Loose)(wrong), [undefined, null, "x", Symbol("s")]],
  ["asCompleted(it)", (wrong) => (asCompleted as Loose)(wrong), [undefined, null, 5, {}]],
  ["stagingProvider(it)", (wrong) => (stagingProvider as Loose)(wrong), [undefined, null, 5, {}]],
  ["start(it)", (wrong) => (start as Loose)(wrong), [undefined, null, 5, [1], () => 1]],
  ["start({ apps: it })", (wrong) => start({ apps: wrong as never }), [undefined, null, 5, "x", {}, [5], [undefined]]],
])("%s says what it was given and what to give, whatever that was", async (_, call, wrongs) => {
  for (const wrong of wrongs) {
    const error: unknown = await (async () => call(wrong, `odd${names++}`))().catch((thrown: unknown) => thrown);
    expect(error, String(wrong)).toBeInstanceOf(HeddleError);
    expect((error as HeddleError).hint).not.toBeNull();
  }
});
