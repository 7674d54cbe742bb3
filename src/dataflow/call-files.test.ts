import { expect, test } from "vitest";
import { AppFuture } from "../futures/future.ts";
import { functionApp } from "../serialize/registry.ts";
import { file } from "../staging/file.ts";
import { filesOf } from "./call-files.ts";
import type { FileTasks } from "./files.ts";

const tasks = { places: () => new Map() } as unknown as FileTasks;

const madeBy = (outputs: (x: never) => unknown, x: unknown): unknown =>
  filesOf({ ...functionApp("f", () => 0, "1"), files: { inputs: null, outputs } }, [x], tasks).outputs.map(String);

test("names of outputs are made of what is there: a promise or future in them is an error, as is what the function throws", () => {
  const inText = (x: unknown): unknown => [`/made/so-${x}.txt`];
  const future = new AppFuture<unknown>("g", 3, null);
  expect(madeBy(inText, 1)).toEqual(["/made/so-1.txt"]);
  const promised = (): unknown => madeBy(inText, Promise.resolve(1));
  expect(promised).toThrow(expect.objectContaining({ code: "ERR_FUTURE_USED" }));
  expect(promised).toThrow('App "f": its function for outputs made "/made/so-[object Promise].txt" of a promise');
  const url = (x: unknown): unknown => [file(`s3://bucket/so-${x}.txt`)];
  expect(() => madeBy(url, Promise.resolve(1))).toThrow(expect.objectContaining({ code: "ERR_FUTURE_USED" }));
  expect(() => madeBy(inText, future)).toThrow(expect.objectContaining({ code: "ERR_FUTURE_USED" }));
  const throws = (x: { y: { z: string } }): unknown => [x.y.z];
  expect(() => madeBy(throws as never, {})).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  expect(() => madeBy(throws as never, {})).toThrow("its function for outputs, given {  }, threw TypeError: ");
});
