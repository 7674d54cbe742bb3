import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "../serialize/nearest.ts";
import { parseCount, parseOptions, splitAtProgram } from "./options.ts";
import { parseRun, runOptions } from "./run.ts";

describe("heddle run", () => {
  test("takes its own options before the program, and leaves the others to it", () => {
    const request = parseRun(["-n", "4", "--workers=2", "--mpi", "openmpi", "screen.ts", "-n", "9", "--top", "20"]);
    expect(request).toEqual({
      program: "screen.ts",
      arguments: ["-n", "9", "--top", "20"],
      ranks: 4,
      workers: 2,
      mpi: "openmpi",
      executor: null,
      resume: false,
      progress: false,
      config: null,
    });
    expect(parseRun(["-n4", "a.js"])).toMatchObject({ ranks: 4, program: "a.js", arguments: [] });
    expect(parseRun(["--", "-odd.js", "-x"])).toMatchObject({ program: "-odd.js", arguments: ["-x"], ranks: null });
  });

  test("refuses counts that are none", () => {
    expect(() => parseRun(["-n", "0", "a.js"])).toThrow('-n is "0".\n  fix: give a whole number from 1 to 1000000');
    expect(() => parseRun(["--workers", "two", "a.js"])).toThrow('--workers is "two".');
    expect(() => parseRun(["-n"])).toThrow("-n needs a value.");
    expect(() => parseCount("1.5", "-n", 10)).toThrow('-n is "1.5"');
  });

  test("refuses what contradicts itself, and a missing program", () => {
    expect(() => parseRun(["-n", "2", "--executor", "inline", "a.js"])).toThrow(
      "-n 2 starts ranks, but --executor is inline",
    );
    expect(() => parseRun(["--executor", "cloud", "a.js"])).toThrow("use threads, mpi, inline");
    expect(() => parseRun(["--workers", "2"])).toThrow("`heddle run` needs a program file.");
  });

  test("an unknown option gets a suggestion", () => {
    expect(() => parseRun(["--wokers", "2", "a.js"])).toThrow(
      "`heddle run` has no option --wokers.\n  fix: did you mean --workers?",
    );
    expect(() => parseRun(["--frobnicate", "a.js"])).toThrow("see `heddle run --help`");
  });
});

describe("options", () => {
  test("a switch takes no value", () => {
    expect(parseOptions("doctor", ["--json"], { json: { type: "boolean" } }).values).toEqual({ json: true });
    expect(() => parseOptions("doctor", ["--json=yes"], { json: { type: "boolean" } })).toThrow(
      '--json takes no value, but got "yes".',
    );
  });

  test("a line of options alone has no program", () => {
    expect(splitAtProgram(["-n", "4"], runOptions)).toEqual([["-n", "4"], []]);
  });
});

describe("what somebody may have meant", () => {
  test("is close to what was written", () => {
    expect(nearest("docter", ["run", "doctor", "build-mpi"])).toBe("doctor");
    expect(nearest("rnu", ["run", "doctor"])).toBe("run");
    expect(nearest("explode", ["run", "doctor"])).toBeNull();
  });

  test("edits are counted", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("ab", "ba")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
  });
});
