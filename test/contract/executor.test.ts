// What every executor promises to the program, on each that one process can have.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import {
  type BatchError,
  type CommandError,
  type DependencyError,
  type Engine,
  type HeddleError,
  range,
  start,
  type TaskError,
} from "heddle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as apps from "../helpers/apps.ts";

const { add, calls, draw, echo, energy, files, floating, greet, join, later, letter, made, much } = apps;
const { oddOnly, places, shell, slow, square, tenth, unsendable, wrongType } = apps;

process.execArgv.push("--import", "tsx"); // So that workers can load apps that are TypeScript.

async function failureOf<E = TaskError>(work: PromiseLike<unknown>): Promise<E> {
  return await Promise.resolve(work).then(
    (value) => {
      throw new Error(`it succeeded with ${String(value)}`);
    },
    (error) => error as E,
  );
}

describe.each(["inline", "threads"] as const)("on %s", (executor) => {
  let engine: Engine;
  const folder = mkdtempSync(joinPath(tmpdir(), "heddle-contract-"));

  beforeAll(async () => {
    engine = await start({ apps: [new URL("../helpers/apps.ts", import.meta.url)], executor, workers: 2 });
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  test("calls give their results, sync and async", async () => {
    expect(await Promise.all([square(3), add(1, 2), later(4), energy("CCO", 1)])).toEqual([9, 3, 8, 31]);
  });

  test("arguments and results of every kind are copied", async () => {
    const value = {
      list: [1, "two", null, undefined],
      when: new Date(5),
      set: new Set([1]),
      data: new Float32Array([1.5]),
    };
    const copy = (await echo(value)) as typeof value;
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
  });

  test("a change after the call does not reach the task", async () => {
    const value = { n: 1 };
    const before = echo(value);
    value.n = 2;
    expect(await Promise.all([before, echo(value)])).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("futures as arguments make a dataflow, at any depth", async () => {
    const nine = square(3);
    expect(await add(nine, add(nine, Promise.resolve(1)))).toBe(19);
    expect(await echo({ list: [nine, { x: square(2) }] })).toEqual({ list: [9, { x: 4 }] });
    expect(await greet(nine as never, later(1) as never)).toMatchObject({ stdout: "9-2" });
  });

  test("a task whose input failed never runs, and says where it began", async () => {
    const root = oddOnly(2);
    const failure = await failureOf<DependencyError>(add(1, add(root, 1)));
    expect(failure.code).toBe("ERR_DEPENDENCY");
    expect(failure.chain.at(-1)).toBe(`oddOnly(#${root.index})`);
    expect(failure.chain).toHaveLength(3);
    expect(failure.cause).toBe(await failureOf(root));
  });

  test("an error crosses with class, message, stack and cause, and names its task", async () => {
    const failure = await failureOf(oddOnly(4));
    expect(failure).toMatchObject({ code: "ERR_TASK_FAILED", app: "oddOnly", rank: 0, arguments: "4" });
    expect(failure.message).toBe("oddOnly(4) on rank 0: RangeError: 4 is even");
    expect(failure.cause).toBeInstanceOf(RangeError);
    expect((failure.cause as Error).cause).toBeInstanceOf(TypeError);
    expect(failure.remoteStack).toContain("helpers/apps.ts");
  });

  test("arguments that cannot be sent fail their call with the path, others go on", async () => {
    const wrong = failureOf<HeddleError>(add({ callback: () => 1 } as never, 1));
    expect(await add(1, 1)).toBe(2);
    expect((await wrong).code).toBe("ERR_ARGUMENT");
    expect((await wrong).message).toContain("argument 0, .callback is a function (callback)");
  });

  test("arguments of 65 MiB are refused with a hint", async () => {
    const failure = await failureOf<HeddleError>(echo("x".repeat(65 * 1024 * 1024)));
    expect(failure.code).toBe("ERR_ARGUMENT_TOO_LARGE");
    expect(failure.hint).toBe("write the data to a file and pass its path");
  });

  test("a map takes ranges, arrays, columns, rows, typed arrays and iterables", async () => {
    expect(await square.map(range(2, 12, 3))).toEqual(Float64Array.from([4, 25, 64, 121]));
    expect(await square.map([1, 2, 3])).toEqual(Float64Array.from([1, 4, 9]));
    expect(await energy.map(["a", "bb"], [1, 2])).toEqual(Float64Array.from([11, 22]));
    const rows: [string, number][] = [
      ["a", 5],
      ["bb", 6],
    ];
    expect(await energy.map(rows)).toEqual(Float64Array.from([15, 26]));
    expect(await add.map(new Int32Array([1, -2]), new Float64Array([0.5, 0.5]))).toEqual([1.5, -1.5]);
    expect(await add.map(range(3), new Set([10, 20, 30]))).toEqual([10, 21, 32]);
    expect(await echo.map(new Map([["k", 1]]))).toEqual([["k", 1]]);
    async function* slowly(): AsyncGenerator<number> {
      for (const k of [1, 2, 3]) yield await Promise.resolve(k);
    }
    expect(await square.map(slowly())).toEqual(Float64Array.from([1, 4, 9]));
    expect(await square.map([])).toEqual(new Float64Array(0));
    expect(await later.map(range(0))).toEqual([]);
  });

  test("a long map keeps every result in its place", async () => {
    const n = 70_000;
    const texts = Array.from({ length: n }, (_, k) => `molecule ${k}`);
    expect(await echo.map(texts)).toEqual(texts);
    const column = await square.map(range(n));
    expect(column.every((value, k) => value === k * k)).toBe(true);
  });

  test("columns of different lengths are refused", async () => {
    expect(() => energy.map(["a", "b"], [1])).toThrow("energy.map(): its columns have 2, 1 elements.");
    const uneven = energy.map(new Set(["a"]).values(), [1, 2]);
    expect((await failureOf<HeddleError>(uneven)).code).toBe("ERR_MAP_COLUMNS");
    expect((await failureOf<HeddleError>(energy.map(["CCO"] as never))).message).toContain("takes 2 arguments");
  });

  test("a map with failures rejects with every result and every failure by index", async () => {
    const failure = await failureOf<BatchError<number>>(oddOnly.map([1, 2, 3, 4]).collect());
    expect(failure.code).toBe("ERR_BATCH_FAILED");
    expect([...failure.failures.keys()]).toEqual([1, 3]);
    expect([failure.results[0], failure.results[2]]).toEqual([1, 3]);
    expect(failure.failures.get(1)?.message).toContain("2 is even");
    expect((await failureOf<BatchError>(oddOnly.map([2]).discard())).failures.size).toBe(1);
    expect((await failureOf<BatchError>(oddOnly.map([1, 2]).reduce("sum"))).failures.size).toBe(1);
  });

  test("settled() gives both and does not reject", async () => {
    const settled = await oddOnly.map([1, 2]).settled();
    expect(settled[0]).toEqual({ status: "fulfilled", index: 0, value: 1 });
    expect(settled[1]).toMatchObject({ status: "rejected", index: 1, reason: { code: "ERR_TASK_FAILED" } });
  });

  test("an element that cannot be sent fails alone", async () => {
    const settled = await echo.map([1, () => 1, 3]).settled();
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "ERR_ARGUMENT" } });
  });

  test("reductions count, add, and find the least and the largest", async () => {
    expect(await square.map(range(1, 5)).reduce("sum")).toBe(30);
    expect(await square.map([3, -1, 2]).reduce("min")).toBe(1);
    expect(await square.map([3, -1, 2]).reduce("max")).toBe(9);
    expect(await echo.map(["a", "b"]).reduce("count")).toBe(2);
    expect(await square.map([]).reduce("sum")).toBe(0);
    expect((await failureOf<HeddleError>(square.map([]).reduce("min"))).code).toBe("ERR_REDUCE_EMPTY");
  });

  test("a reduction by an app keeps the order of the input", async () => {
    const n = 3_000;
    const expected = Array.from({ length: n }, (_, k) => "abcdefghijklmnopqrstuvwxyz"[k % 26]).join("");
    expect(await letter.map(range(n)).reduce(join)).toBe(expected);
    expect(await letter.map([5]).reduce(join)).toBe("f");
  });

  test("a plain function as a reducer is refused with how to name it", async () => {
    const failure = await failureOf<HeddleError>(letter.map([1]).reduce(((a: string, b: string) => a + b) as never));
    expect(failure.code).toBe("ERR_APP_EXPECTED");
    expect(failure.hint).toContain('app("add"');
  });

  test("for await gives every result with its index, and failures at the end", async () => {
    const seen: [number, number][] = [];
    const failure = await failureOf<BatchError>(
      (async () => {
        for await (const { index, value } of oddOnly.map(range(50))) seen.push([index, value]);
      })(),
    );
    expect(seen.sort((a, b) => a[0] - b[0])).toEqual(Array.from({ length: 25 }, (_, k) => [2 * k + 1, 2 * k + 1]));
    expect(failure.failures.size).toBe(25);
  });

  test("leaving a for await early ends the rest of an endless input", async () => {
    let given = 0;
    function* endless(): Generator<number> {
      for (;;) yield given++;
    }
    for await (const { value } of square.map(endless())) if (value >= 100) break;
    expect(given).toBeGreaterThan(10);
  });

  test("a cancelled map rejects, and what did not start never runs", async () => {
    const handle = later.map(range(1_000_000_000));
    setTimeout(() => handle.cancel(), 20);
    expect((await failureOf<HeddleError>(handle.discard())).code).toBe("ERR_CANCELLED");
    await engine.whenIdle();
    expect(await square(2)).toBe(4);
  });

  test("results are asked for in one way", async () => {
    const handle = square.map([1]);
    const collected = handle.collect();
    expect((await failureOf<HeddleError>(handle.discard())).code).toBe("ERR_MAP_USED");
    expect(await collected).toEqual(Float64Array.from([1]));
    expect(await handle).toEqual(Float64Array.from([1]));
  });

  test("random streams depend on seed and index alone", async () => {
    const first = await draw.map(range(20), { seed: 7 });
    expect(await draw.map(new Array(20).fill("x"), { seed: 7 })).toEqual(first);
    expect(await draw.map(range(20), { seed: 8 })).not.toEqual(first);
    expect(new Set(first.map((numbers) => numbers[0])).size).toBe(20);
    expect(first[0]?.slice(0, 3)).toHaveLength(new Set(first[0]?.slice(0, 3)).size);
  });

  test("a task knows its index", async () => {
    const now = places();
    expect(await now).toBe(now.index);
    expect(await places.map(range(5))).toEqual([0, 1, 2, 3, 4]);
  });

  test("a rejection that nobody handles fails the task that made the promise", async () => {
    const settled = await floating.map(range(3)).settled();
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({
      reason: { code: "ERR_TASK_REJECTED", cause: { message: "nobody waits for me" } },
    });
  });

  test("a result of the wrong type, or that cannot be sent, fails its task alone", async () => {
    const typed = await wrongType.map(range(3)).settled();
    expect(typed[1]).toMatchObject({ reason: { code: "ERR_RESULT_TYPE" } });
    expect(typed[2]).toMatchObject({ value: 2 });
    const sent = await unsendable.map(range(3)).settled();
    expect(sent[1]).toMatchObject({ reason: { code: "ERR_RESULT" } });
    expect(sent[1]).toMatchObject({ reason: { message: expect.stringContaining(".deep[0]") } });
  });

  test("a task that calls an app is told what to do instead", async () => {
    expect((await failureOf(calls(1))).cause).toMatchObject({ code: "ERR_NESTED_CALL" });
  });

  test("a command gets its words as they are, by name or by position", async () => {
    expect(await greet({ first: "a b", second: "$HOME'" })).toEqual({ exitCode: 0, stdout: "a b-$HOME'", stderr: "" });
    expect(await greet(1, true)).toMatchObject({ stdout: "1-true" });
    expect(await greet.map([{ first: "x", second: "y" }, ["p", "q"]])).toMatchObject([
      { stdout: "x-y" },
      { stdout: "p-q" },
    ]);
    expect(await greet.map(["a", "b"], range(2))).toMatchObject([{ stdout: "a-0" }, { stdout: "b-1" }]);
  });

  test("values are quoted for the shell, and accepted exit codes are no failure", async () => {
    expect(await shell("it's; rm -rf x", 4)).toEqual({ exitCode: 4, stdout: "it's; rm -rf x\n", stderr: "err\n" });
    const failure = await failureOf<CommandError>(shell("x", 3));
    expect(failure).toMatchObject({ code: "ERR_COMMAND_FAILED", exitCode: 3, signal: null });
    expect(failure.stderr).toContain("err");
    expect(failure.message).toContain("stderr: err");
  });

  test("a function makes the command where the task is submitted", async () => {
    expect(await made("ab", 2)).toMatchObject({ stdout: "abab" });
    expect(await made.map(["x", "y"], [1, 3])).toMatchObject([{ stdout: "x" }, { stdout: "yyy" }]);
  });

  test("a placeholder without a value is named", async () => {
    const failure = await failureOf<HeddleError>(greet({ first: "a" }));
    expect(failure.code).toBe("ERR_COMMAND_TEMPLATE");
    expect(failure.message).toContain("no value for the placeholder {second}");
  });

  test("streams go to files", async () => {
    const source = joinPath(folder, "in.txt");
    writeFileSync(source, "content");
    await files.map([{ source, folder }]);
    expect(readFileSync(joinPath(folder, "out-0.txt"), "utf8")).toBe("content");
  });

  test("a command over its walltime is ended, one that writes too much is cut", async () => {
    expect((await failureOf(slow(30))).code).toBe("ERR_WALLTIME");
    const { stdout } = await much(10_000);
    expect(stdout).toMatch(/^x{50}\n?\[\.\.\. 9900 bytes cut \.\.\.\]\n?x{50}$/);
  });

  test("sums of fractions have the same bits on every executor", async () => {
    expect(await tenth.map(range(10_001)).reduce("sum")).toBe(5001500.100000001);
  });

  test("what is outstanding at close fails, and later calls are refused", async () => {
    const open = failureOf<HeddleError>(later.map(range(1e9)).discard());
    await new Promise((resolve) => setImmediate(resolve));
    await engine.close();
    expect((await open).code).toBe("ERR_CLOSED");
    expect(() => square(1)).toThrow("was called after close()");
  });
});
