// Each bench at its smallest size: that it runs to its end, checks its results, and prints lines of the promised shape. Never how fast.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function bench(...words: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(`${root}node_modules/.bin/tsx`, ["bench/main.ts", ...words], { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

async function smoke(name: string, ...more: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await bench(name, "--smoke", "--json", ...more);
  expect(code, stderr).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) {
    expect(line).toMatchObject({ bench: name, smoke: true, node: process.version, cores: expect.any(Number) });
    for (const field of ["cpu", "kernel", "heddle"]) expect(line[field]).toMatch(/./);
    for (const field of ["ranks", "workers", "tasks", "rounds", "load"]) expect(line[field]).toBeTypeOf("number");
  }
  return lines;
}

function cases(lines: Record<string, unknown>[]): unknown[] {
  return lines.map((line) => line["case"]);
}

function expectAboveZero(line: Record<string, unknown> | undefined, ...figures: string[]): void {
  for (const figure of figures) expect(line?.[figure], figure).toBeGreaterThan(0);
}

describe.each(["mpich", "openmpi"])("under %s", (mpi) => {
  test("native gives a rate with the shares of every rank, and round trips", async () => {
    const lines = await smoke("native", "--ranks", "2", "--mpi", mpi);
    expect(cases(lines)).toEqual([
      "range",
      "payload16",
      "fanout",
      "everywhere",
      "sleep10ms",
      "sleep100us",
      "roundtrip",
    ]);
    for (const line of lines.slice(0, 6)) {
      expectAboveZero(line, "tasks_per_s", "round_s");
      expect(line).toMatchObject({
        ranks: 2,
        workers: expect.any(Number),
        shares: [expect.any(Number), expect.any(Number)],
      });
      expect(line["shares_ok"]).toBeTypeOf("boolean");
    }
    for (const line of lines.slice(4, 6))
      expectAboveZero(line, "efficiency", "bare_s", "messages_per_task", "bytes_per_task");
    expectAboveZero(lines[6], "p50_us", "asleep_p50_us", "task_p50_us");
    expect(lines[0]?.["mpi"]).toMatch(mpi === "mpich" ? /^MPICH \d/ : /^Open MPI \d/);
  });

  test("uts walks a tree on every rank, in C and in JavaScript", async () => {
    const lines = await smoke("uts", "--ranks", "2", "--mpi", mpi, "--tree", "T3");
    expect(cases(lines)).toEqual(["native", "js"]);
    for (const line of lines) {
      expect(line).toMatchObject({ tree: "T3", nodes: 4_112_897, leaves: 3_599_034, depth: 1572, ranks: 2 });
      expectAboveZero(line, "nodes_per_s", "sequential_per_s", "efficiency");
    }
  });

  test("fill tells how soon every rank works", async () => {
    const lines = await smoke("fill", "--ranks", "3", "--mpi", mpi);
    expect(cases(lines)).toEqual(["rank0", "other"]);
    for (const line of lines) expectAboveZero(line, "half_ms", "most_ms", "all_ms", "dry_ms", "work_ms");
  });

  test("map runs over ranks", async () => {
    const lines = await smoke("map", "--ranks", "2", "--mpi", mpi);
    expect(cases(lines)).toEqual(["f64", "msgpack64"]);
    for (const line of lines) expectAboveZero(line, "tasks_per_s");
  });

  test("idle ranks are looked at one by one", async () => {
    const [line] = await smoke("idle", "--ranks", "2", "--mpi", mpi);
    expect(line).toMatchObject({ ranks: 2, cpu_pct: expect.any(Number) });
    expectAboveZero(line, "pss_mb", "pss_mb_max", "wake_p50_us");
  });

  test("start waits for a task of every rank", async () => {
    const [line] = await smoke("start", "--ranks", "3", "--mpi", mpi);
    expect(line).toMatchObject({ case: "hello", ranks: 3 });
    expectAboveZero(line, "seconds", "joined_s");
  });
});

test("native runs in one process", async () => {
  const lines = await smoke("native", "--case", "range");
  expect(lines).toEqual([expect.objectContaining({ case: "range", ranks: 1, mpi: null })]);
  expect(lines[0]).not.toHaveProperty("shares");
});

test("map runs on threads, with as many workers as asked for", async () => {
  const lines = await smoke("map", "--workers", "1");
  expect(cases(lines)).toEqual(["f64", "msgpack64"]);
  for (const line of lines) expect(line).toMatchObject({ ranks: 1, workers: 1 });
});

test("calls tells tasks per second and bytes of each that is outstanding", async () => {
  const lines = await smoke("calls");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.["tasks"]).toBeGreaterThanOrEqual(100_000);
  expectAboveZero(lines[0], "tasks_per_s", "bytes_per_task");
});

test("dataflow and memo run calls that wait, and calls that are known", async () => {
  const [graphs, memos] = await Promise.all([smoke("dataflow"), smoke("memo")]);
  expect(cases(graphs)).toEqual(["chain", "layered"]);
  expect(cases(memos)).toEqual(["memory", "written", "kept"]);
  for (const line of [...graphs, ...memos]) expectAboveZero(line, "tasks_per_s");
  expect(memos[1]?.["cost_us"]).toBeTypeOf("number");
  expect(memos[2]?.["open_ms"]).toBeTypeOf("number");
});

test("latency tells both of a spinning and of a sleeping worker", async () => {
  const lines = await smoke("latency");
  expect(cases(lines)).toEqual(["awake", "asleep"]);
  for (const line of lines) expectAboveZero(line, "p50_us", "p99_us");
});

test("shell compares itself with a bare loop", async () => {
  const lines = await smoke("shell");
  expect(cases(lines)).toEqual(["small", "floor", "rss1g"]);
  for (const line of lines) expectAboveZero(line, "tasks_per_s");
  expectAboveZero(lines[0], "floor_per_s", "ratio");
  expectAboveZero(lines[2], "floor_per_s", "ratio");
});

test("submit tells time and bytes of a range", async () => {
  const [line] = await smoke("submit");
  expectAboveZero(line, "p50_us");
  expect(line?.["bytes"]).toBeTypeOf("number");
});

test("micro times each step", async () => {
  const lines = await smoke("micro");
  expect(cases(lines)).toEqual(["crossings", "encode", "decode", "encode-many", "decode-many", "split"]);
  for (const line of lines) expectAboveZero(line, "ns");
});

test("peers sets those that are here beside Heddle, and names the packages of the others", async () => {
  const lines = await smoke("peers");
  const of = (peer: string): Record<string, unknown>[] => lines.filter((line) => line["peer"] === peer);
  expect(cases(of("Heddle"))).toEqual(["empty", "calls", "latency", "shell", "skewed"]);
  for (const peer of ["piscina", "workerpool"]) {
    expect(cases(of(peer))).toEqual(["calls", "latency", "shell", "skewed"]);
    for (const line of of(peer)) expectAboveZero(line, "ratio");
  }
  for (const line of lines) {
    if (line["case"] === "missing") expect(line["from"]).toMatch(/^Debian: /);
    else expectAboveZero(line, line["case"] === "latency" ? "p50_us" : "tasks_per_s");
  }
  const names = ["mpi4py.futures", "dask.distributed", "Work Queue", "GNU parallel", "xargs", "make"];
  for (const peer of names) expect(of(peer).length, peer).toBeGreaterThan(0);
});

test("an unknown bench is answered with the list, and code 2", async () => {
  const { code, stdout, stderr } = await bench("speed");
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain('no bench "speed"; there are: native, map, calls');
  expect(stderr).toContain("--ranks N");
});

test("without --json a line is for people", async () => {
  const { code, stdout } = await bench("submit", "--smoke");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^submit range +1 rank x 0 .*p50_us [\d.]+/);
});
