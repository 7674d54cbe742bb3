import { BatchError, type Engine, range, start, TaskError } from "heddle";
import { afterAll, beforeAll, expect, test } from "vitest";
import { later, massOf, slowly, wrong } from "../../test/helpers/schema-apps.ts";
import { checkedBy } from "./standard-schema.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await start({ executor: "inline", apps: [new URL("../../test/helpers/schema-apps.ts", import.meta.url)] });
});
afterAll(async () => await engine.close());

const failure = async (work: PromiseLike<unknown>): Promise<TaskError> =>
  await Promise.resolve(work).then(
    () => Promise.reject(new Error("it succeeded")),
    (error) => error as TaskError,
  );

test("an argument that does not fit is told with its place, and is not sent", async () => {
  expect(
    await massOf({
      atoms: [
        { symbol: "C", mass: 12 },
        { symbol: "O", mass: 16 },
      ],
    }),
  ).toBe(28);
  const error = await failure(
    massOf({
      atoms: [
        { symbol: "C", mass: 12 },
        { symbol: "O", mass: "16" as never },
      ],
    }),
  );
  expect(error).toBeInstanceOf(TaskError);
  expect(error).toMatchObject({ code: "ERR_SCHEMA", app: "massOf", rank: null });
  expect(error.message).toContain(
    'argument 0 does not fit its schema: atoms[1].mass: Invalid input: expected number, received string (it is "16").',
  );
  const issues = [{ path: "atoms[1].mass", message: "Invalid input: expected number, received string" }];
  expect(error.data).toMatchObject({ argument: 0, path: "atoms[1].mass", value: '"16"', issues });
  const many = await failure(massOf({ atoms: [{}, {}, {}] as never }));
  expect(many.message).toContain("; and 3 more.");
});

test("what waits is checked when it is known, and so are the elements of a map", async () => {
  const text = Promise.resolve("1970-01-02");
  expect(await later(text, 2)).toBe("1970-01-04");
  expect(await failure(later(Promise.resolve("never"), 2))).toMatchObject({ code: "ERR_SCHEMA", rank: 0 });
  expect(await slowly.map(range(3))).toEqual(Float64Array.of(1, 2, 3));
  const batch = (await failure(slowly.map(range(9, 11)))) as unknown as BatchError;
  expect(batch).toBeInstanceOf(BatchError);
  expect(batch.failures.get(1)).toMatchObject({ code: "ERR_SCHEMA", data: { argument: 0, path: "", value: "10" } });
  expect(await failure(slowly(11))).toMatchObject({
    code: "ERR_SCHEMA",
    message: expect.stringContaining("too large"),
  });
});

test("the function gets what the schemas make of its arguments, and the caller of its result", async () => {
  expect(await later("1970-01-01T01:02:03Z", undefined)).toBe("1970-01-02");
  expect(
    await later.map([
      ["1970-01-01", 1],
      ["1970-01-01", 2],
    ]),
  ).toEqual(["1970-01-02", "1970-01-03"]);
  expect(await wrong(4)).toEqual({ half: 2 });
  const error = await failure(wrong(3));
  expect(error).toMatchObject({ code: "ERR_SCHEMA", data: { argument: null, path: "half", value: '"3/2"' } });
  expect(error.message).toContain("wrong(3) on rank 0: its result does not fit its schema: half: Invalid input");
});

test("what is no schema is told, and functions without one stay as they are", () => {
  const fn = (): number => 1;
  expect(checkedBy("a", fn, {})).toEqual({ fn });
  expect(() => checkedBy("a", fn, { input: "number" })).toThrow('app("a"): input is "number".');
  expect(() => checkedBy("a", fn, { input: [] })).toThrow("a list of one for each parameter");
  expect(() => checkedBy("a", fn, { output: [] })).toThrow("give a schema, of a library");
});

test("of two arguments that do not fit one is told, and the other ends nothing", async () => {
  const schema = (validate: (value: unknown) => unknown): unknown => ({ "~standard": { validate } });
  const issues = [{ message: "no" }];
  const late = schema(() => Promise.resolve({ issues }));
  const { fn } = checkedBy("two", () => 1, { input: [late, schema(() => ({ issues }))] });
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  expect(() => (fn as (...args: unknown[]) => unknown)(1, 2)).toThrow("argument 1 does not fit its schema");
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
