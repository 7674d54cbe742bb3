// The examples run as their documentation says: compiled, on threads and on ranks, with the same answers everywhere.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { mpis, onRanks, onThreads, type Way } from "../helpers/mpi.ts";
import { cli, type Ended, processesWith, type Running, repository, run, start } from "../helpers/run.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const compiled = "build/examples";
// The heaviest run here is 4 ranks that each load openchemlib; a machine may be busy with other things.
const timeoutMs = 240_000;
// Nor is this about lost ranks: of 16 on a busy machine one may get no turn for seconds.
const env = { HEDDLE_RANK_LOST_MS: "60000" };
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "examples-"));
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", "examples", "--noCheck"], { cwd: repository });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function example(way: Way, name: string, ...args: string[]): Promise<Ended> {
  return run(way.command([join(compiled, name), ...args]), { timeoutMs, env });
}

describe("screening", () => {
  // Three of these pass the filter, and one more that equals the first of them; 224 equals 0, 238 equals 14, and so on.
  const MOLECULES = "0,14,28,42,2560,6521,224,238,252,266,20572,6522,10000-10029";
  let alone: { stdout: string; html: string };

  async function screen(way: Way): Promise<{ stdout: string; html: string }> {
    const out = join(folder, `${way.name.replaceAll(" ", "-")}.html`);
    const args = ["--molecules", MOLECULES, "--top", "2", "--out", out, "--quiet"];
    const { code, stdout, stderr } = await example(way, "screening/screen.js", ...args);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    return { stdout: stdout.replace(out, "OUT"), html: readFileSync(out, "utf8") };
  }

  beforeAll(async () => {
    alone = await screen(onThreads);
  });

  test("finds each molecule once, prints the best as a table and draws them in a report", () => {
    expect(alone.stdout).toMatch(/^molecules {2}42 enumerated, 37 distinct, 3 passed the filter$/m);
    expect(alone.stdout).toMatch(/^ *2 +[\d.]+ .*\n(?! *3 )/m);
    expect(alone.stdout).toMatch(/^digest {5}[0-9a-f]{16}$/m);
    expect(alone.html.match(/<article/g)).toHaveLength(2);
  });

  // Each takes as long as all molecules do; `hello` below has 16 ranks of both.
  test.each([onRanks("mpich", 2), onRanks("openmpi", 4)])(
    "gives the same table, digest and report, byte by byte, on $name",
    async (way) => {
      expect(await screen(way)).toEqual(alone);
    },
  );

  test("runs as TypeScript by `heddle run`, with progress on standard error", async () => {
    const out = join(folder, "run.html");
    const program = ["examples/screening/screen.ts", "--limit", "20", "--out", out];
    const { code, stdout, stderr } = await run([process.execPath, cli, "run", ...program], { timeoutMs });
    expect(code).toBe(0);
    expect(stdout).toContain("20 enumerated");
    expect(stderr).toMatch(/properties: 20\/20 \(100 %\), .* tasks\/s/);
  });

  test("a limit outside of the library is an error that names it", async () => {
    const { code, stderr } = await example(onThreads, "screening/screen.js", "--limit", "0");
    expect(code).toBe(1);
    expect(stderr).toContain("--limit is 0; give an integer from 1 to ");
  });
});

describe("compress", () => {
  const names = ["plain.txt", "two words.md", "it's $HOME `quoted`.md", "nested/deep.ts"];
  let source = "";

  beforeAll(() => {
    source = join(folder, "source");
    mkdirSync(join(source, "nested"), { recursive: true });
    for (const [k, name] of names.entries())
      writeFileSync(join(source, name), `line of ${name}\n`.repeat(10 * (k + 1)));
    writeFileSync(join(source, "picture.png"), "not looked at");
  });

  test.each([onThreads, ...mpis.map((mpi) => onRanks(mpi, 3))])(
    "runs a shell pipeline for each file, whatever its name, on $name",
    async (way) => {
      const kept = join(folder, `kept ${way.name}`);
      const { code, stdout } = await example(way, "compress.js", source, "--keep", kept);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^\.md +2 +50 /m);
      expect(stdout).toMatch(/^total +4 +100 /m);
      // The order of the files is that of their names.
      const sorted = ["it's $HOME `quoted`.md", "nested/deep.ts", "plain.txt", "two words.md"];
      for (const [k, name] of sorted.entries()) {
        const output = gunzipSync(readFileSync(join(kept, `${String(k).padStart(6, "0")}.gz`)));
        expect(output.toString(), name).toBe(readFileSync(join(source, name), "utf8"));
      }
    },
  );
});

describe("small examples", () => {
  test.each(mpis)("hello: all of 16 ranks take part under %s", async (mpi) => {
    const { code, stdout } = await example(onRanks(mpi, 16), "hello.js", "4000"); // Those that start late take part too.
    expect(code).toBe(0);
    expect(stdout).toContain("16 ranks took part");
  });

  test("dataflow: futures are arguments", async () => {
    const { stdout } = await example(onRanks("mpich", 2), "dataflow.js");
    expect(stdout.trim()).toBe([..."sphinx of black quartz, judge my vow"].sort().join("").trim());
  });

  test("uts: tasks that call tasks count every node of the tree", async () => {
    for (const way of [onThreads, onRanks("openmpi", 4)]) {
      const { stdout } = await example(way, "uts/uts.js");
      expect(stdout).toContain("T1: 4130071 nodes, 3305118 leaves, depth 10;");
      const inC = await example(way, "uts/uts.js", "T2", "--native");
      expect(inC.stdout).toContain("T2: 4117769 nodes, 2342762 leaves, depth 81;");
    }
  });

  test("monte-carlo-pi: the same digits on one rank and on three", async () => {
    const { stdout } = await example(onThreads, "monte-carlo-pi.js", "40");
    expect(stdout).toMatch(/^pi is about 3\.14/);
    expect((await example(onRanks("openmpi", 3), "monte-carlo-pi.js", "40")).stdout).toBe(stdout);
  });
});

describe("workflows check what they find", () => {
  test("genome: commands over files find what a sample was given", async () => {
    const kept = join(folder, "genome");
    const { code, stdout, stderr } = await example(onThreads, "genome/genome.js", kept);
    expect(stderr).toBe("");
    expect(stdout).toContain("40 of them are right, of 40 that the sample has");
    expect(code).toBe(0);
    expect(readFileSync(join(kept, "aligned"), "utf8").match(/\n/g)).toHaveLength(2_000);
  });

  test("mosaic: without their backgrounds, tiles show the sky that they were made of", async () => {
    const kept = join(folder, "mosaic");
    const { code, stdout, stderr } = await example(onThreads, "mosaic/mosaic.js", kept);
    expect(stderr).toBe("");
    expect(stdout).toContain("root mean square of its error: 51.78 as they are, 0.15 corrected");
    expect(code).toBe(0);
    expect(readFileSync(join(kept, "mosaic.pgm"), "latin1")).toMatch(/^P5 154 154 255\n/);
  });

  test("iris: the best model of the grid, with its accuracy", async () => {
    const { code, stdout, stderr } = await example(onThreads, "iris/iris.js");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^0\.967 {2}9 nearest neighbours is the best of 19 models\n1\.000 {2}of the flowers/m);
    expect(code).toBe(0);
  });

  test("optimise: the parameters that the observations were made of", async () => {
    const { code, stdout } = await example(onThreads, "optimise/optimise.js");
    expect(stdout).toContain("each within 1 % of the truth");
    expect(code).toBe(0);
  });
});

describe("service", () => {
  async function serve(way: Way): Promise<{ running: Running; address: string }> {
    const running = start(way.command([join(compiled, "service/server.js")]), { timeoutMs, env });
    const [, address] = await running.output(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
    return { running, address: address as string };
  }

  async function get(url: string, init?: RequestInit): Promise<{ status: number; body: unknown }> {
    const response = await fetch(url, init);
    return { status: response.status, body: await response.json() };
  }

  test("answers over loopback, and ends in good order", async () => {
    const { running, address } = await serve(onThreads);
    expect(await get(`${address}/factors?n=360360`)).toEqual({
      status: 200,
      body: { factors: [2, 2, 2, 3, 3, 5, 7, 11, 13] },
    });
    const many = { method: "POST", body: "[12, 35, 99999999977]" };
    expect((await get(`${address}/factors`, many)).body).toEqual({
      factors: [[2, 2, 3], [5, 7], [99999999977]],
    });
    expect((await get(`${address}/factors?n=1.5`)).status).toBe(400);
    expect((await get(`${address}/factors`, { method: "POST", body: "{" })).status).toBe(400);
    expect((await get(`${address}/nothing`)).status).toBe(404);

    // A request that is under way when the signal comes still gets its answer.
    const slow = get(`${address}/factors`, {
      method: "POST",
      body: JSON.stringify(Array(100).fill(9_999_999_999_971)),
    });
    await running.output(/POST \/factors of 100/);
    running.kill("SIGTERM");
    expect((await slow).status).toBe(200);
    expect(await running.ended).toMatchObject({ code: 0, signal: null });
    expect(running.stdout).toContain("closed");
  });

  test.each(mpis)("farms out to ranks under %s, of which only the first listens", async (mpi) => {
    const { running, address } = await serve(onRanks(mpi, 2));
    expect((await get(`${address}/health`)).body).toMatchObject({ ok: true, ranks: 2 });
    expect((await get(`${address}/factors?n=91`)).body).toEqual({ factors: [7, 13] });
    expect(running.stdout.match(/listening/g)).toHaveLength(1);
    // The signal goes to rank 0 itself: mpiexec would end the ranks its own way.
    const answered = (await get(`${address}/health`)).body as { pid: number };
    expect(processesWith(running.mark).map(({ pid }) => pid)).toContain(answered.pid);
    process.kill(answered.pid, "SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });
});
