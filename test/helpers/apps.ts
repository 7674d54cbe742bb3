/** Apps of the contract suite, in a module of their own as start() wants them. */

import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type App, app, type BashApp, type BashFunctionApp, bashApp, context, range } from "heddle";

export const square: App<[x: number], number, Float64Array> = app("square", (x: number): number => x * x, {
  returns: "f64",
});
export const add: App<[a: number, b: number], number> = app("add", (a: number, b: number): number => a + b);
export const energy: App<[smiles: string, seed: number], number, Float64Array> = app(
  "energy",
  (smiles: string, seed: number): number => 10 * smiles.length + seed,
  {
    returns: "f64",
  },
);
export const later: App<[x: number], number> = app("later", async (x: number): Promise<number> => {
  await new Promise((resolve) => setImmediate(resolve));
  return 2 * x;
});
export const echo: App<[value: unknown], unknown> = app("echo", (value: unknown): unknown => value);
export const oddOnly: App<[x: number], number> = app("oddOnly", (x: number): number => {
  if (x % 2 === 0) throw new RangeError(`${x} is even`, { cause: new TypeError("the root of it") });
  return x;
});
export const places: App<[], number> = app("places", () => context().index);
export const draw: App<[], number[]> = app("draw", (): number[] => {
  const { random } = context();
  return [random(), random(), context().random(), random.int(100)];
});
export const letter: App<[k: number], string> = app(
  "letter",
  (k: number): string => "abcdefghijklmnopqrstuvwxyz"[k % 26] as string,
);
export const join: App<[a: string, b: string], string> = app("join", (a: string, b: string): string => a + b);
export const tenth: App<[k: number], number, Float64Array> = app("tenth", (k: number): number => k / 10 + 0.1, {
  returns: "f64",
});
export const floating: App<[x: number], number> = app("floating", (x: number): number => {
  if (x === 1) void Promise.reject(new Error("nobody waits for me"));
  return x;
});
export const wrongType: App<[x: number], number, Float64Array> = app(
  "wrongType",
  ((x: number) => (x === 1 ? "one" : x)) as (x: number) => number,
  {
    returns: "f64",
  },
);
export const unsendable: App<[x: number], unknown> = app("unsendable", (x: number): unknown =>
  x === 1 ? { deep: [() => x] } : x,
);
export const calls: App<[x: number], number> = app("calls", async (x: number): Promise<number> => await add(x, 1));

export const greet: BashApp = bashApp("greet", ["printf", "%s-%s", "{first}", "{second}"]);
export const shell: BashApp = bashApp("shell", "echo {0}; echo err >&2; exit {1}", { okExitCodes: [0, 4] });
export const made: BashFunctionApp<[a: string, n: number]> = bashApp("made", (a: string, n: number) =>
  n > 1 ? ["printf", a.repeat(n)] : `printf ${a}`,
);
export const files: BashApp = bashApp("files", ["cat"], { stdin: "{source}", stdout: "{folder}/out-{index}.txt" });
export const copies: BashApp = bashApp("copies", ["cp", "{from}", "{to}"], { outputs: ({ to }) => [to] });
export const touches: BashFunctionApp<[path: string]> = bashApp("touches", (path: string) => ["touch", path], {
  outputs: (path: string) => [path],
});
export const thirdTime: BashApp = bashApp(
  "thirdTime",
  "echo >> {to}.runs; test $(wc -l < {to}.runs) -lt 3 || touch {to}",
  { outputs: ({ to }) => [to], retries: 5 },
);
export const says: BashApp<string> = bashApp("says", "printf '%b' {0}; echo err >&2; exit {1}", {
  returns: "stdout",
  captureBytes: 8,
  cache: true,
});
export const saysTo: BashApp<string> = bashApp("saysTo", ["echo", "{text}"], { returns: "stdout", stdout: "{file}" });
export const saysMade: BashFunctionApp<[text: string], string> = bashApp("saysMade", (text: string) => ["echo", text], {
  returns: "stdout",
});
export const asks: App<[text: string], string> = app("asks", async (text: string) => `${await saysMade(text)}!`);
export const slow: BashApp = bashApp("slow", ["sleep", "{0}"], { walltime: 0.2 });
export const much: BashApp = bashApp("much", "head -c {0} /dev/zero | tr '\\0' x", { captureBytes: 100 });
export const unchecked: BashApp = bashApp("unchecked", "echo out; exit {0}", { check: false });
export const variables: BashApp = bashApp("variables", 'printf "%s, %s" "$GREETING" "$HOME"', {
  env: { GREETING: "hello {0}" },
});
export const named: BashApp = bashApp("named", "echo $HEDDLE_RANK $HEDDLE_WORKER $HEDDLE_TASK {0}");
export const renamed: BashApp = bashApp("renamed", 'echo "$HEDDLE_TASK"', { env: { HEDDLE_TASK: "mine" } });
export const inFolder: BashApp = bashApp("inFolder", ["pwd", "-P"], { cwd: "{0}" });
export const replaces: BashApp = bashApp("replaces", ["printf", "%s;", "{text}"], { stdout: "{file}" });
export const appends: BashApp = bashApp("appends", ["printf", "%s;", "{text}"], { stdout: "{file}", append: true });
export const complains: BashApp = bashApp("complains", "echo fine; echo bad >&2; exit {code}", { stderr: "{file}" });
export const litters: BashApp = bashApp("litters", "pwd -P; ls; touch left; exit {0}", { cwd: "fresh" });
export const littersWithin: App<[], string> = app("littersWithin", async () => (await litters(0)).stdout);
export const exits: BashApp = bashApp("exits", "exit {0}");
export const sleeps: BashApp = bashApp("sleeps", ["sleep", "{0}"]);

/** When a task ran, ns of the machine's clock, and what it was told. */
export interface Span {
  rank: number;
  executor: string;
  began: number;
  ended: number;
  cores: number;
}
export const span: App<[ms: number], Span> = app("span", async (ms: number): Promise<Span> => {
  const began = Number(process.hrtime.bigint());
  await new Promise((resolve) => setTimeout(resolve, ms));
  const { rank, executor, cores } = context();
  return { rank, executor, began, ended: Number(process.hrtime.bigint()), cores };
});
export const licensed: App<[x: number], number> = app("licensed", (x: number): number => x + 1, {
  resources: { tokens: { licence: 1 } },
});
export const licensedOuter: App<[x: number], number> = app(
  "licensedOuter",
  async (x: number): Promise<number> => await licensed(x),
  { resources: { tokens: { licence: 1 } } },
);
export const threadsOf: BashApp = bashApp("threadsOf", "echo $OMP_NUM_THREADS");

// Those that take their time, so that every rank gets some.
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
export const where: App<[], number> = app("where", async (): Promise<number> => {
  await pause();
  return context().rank;
});
export const contentOf: App<[file: string], { bytes: Uint8Array; mode: number }> = app("contentOf", (file: string) => ({
  bytes: readFileSync(file),
  mode: statSync(file).mode & 0o777,
}));
export const whereNow: App<[], number> = app("whereNow", (): number => context().rank);
export const whereFirst: App<[], number> = app(
  "whereFirst",
  async (): Promise<number> => {
    await pause();
    return context().rank;
  },
  { target: { rank: 0 }, priority: 3 },
);
// With a time limit tasks go to a worker one by one.
export const begins: App<[k: number], number, Float64Array> = app(
  "begins",
  (_k: number): number => Number(process.hrtime.bigint()),
  { returns: "f64", walltime: 60 },
);
export const fileAppears: App<[file: string], boolean> = app(
  "fileAppears",
  async (file: string): Promise<boolean> => {
    while (!existsSync(file)) await pause();
    return true;
  },
  { walltime: 60 },
);
/** Waits for a file and fails; the next time it waits for another. */
export const waitsAndFails: App<[first: string, second: string], string> = app(
  "waitsAndFails",
  async (first: string, second: string): Promise<string> => {
    const again = existsSync(first);
    while (!existsSync(again ? second : first)) await pause();
    if (!again) throw new Error("the first time it fails");
    return "at last";
  },
  { retries: 1 },
);
export const appearsApart: App<[file: string], void> = app(
  "appearsApart",
  async (file: string): Promise<void> => {
    while (!existsSync(file)) await pause();
  },
  { isolation: "process" },
);
export const commandWaits: BashApp = bashApp("commandWaits", "until [ -e {0} ]; do sleep 0.02; done");
export const sumSlowly: App<[a: number, b: number], number, Float64Array> = app(
  "sumSlowly",
  async (a: number, b: number): Promise<number> => {
    await pause();
    return a + b;
  },
  { returns: "f64" },
);
export const hangs: App<[x: number], number> = app("hangs", async (x: number): Promise<number> => {
  if (x === 1) await new Promise((resolve) => setTimeout(resolve, 600_000));
  return x;
});
export const letterSlowly: App<[k: number], string> = app("letterSlowly", async (k: number): Promise<string> => {
  await pause();
  return "abcdefghijklmnopqrstuvwxyz"[k % 26] as string;
});
export const oddSlowly: App<[x: number], number> = app("oddSlowly", async (x: number): Promise<number> => {
  await pause();
  if (x % 2 === 0) throw new RangeError(`${x} is even`);
  return x;
});
export const drawSlowly: App<[], number[]> = app("drawSlowly", async (): Promise<number[]> => {
  const { random } = context();
  await pause();
  return [random(), random(), random(), random.int(100)];
});
export const megabyte: App<[k: number], Uint8Array> = app(
  "megabyte",
  (_k: number): Uint8Array => new Uint8Array(1 << 20),
);

export const sum: App<[a: number, b: number], number> = app("sum", (a: number, b: number): number => a + b);

// Tasks in processes of their own.
const apart = { isolation: "process" } as const;
export const pidApart: App<[], number> = app("pidApart", (): number => process.pid, apart);
export const echoApart: App<[value: unknown], unknown> = app("echoApart", (value: unknown): unknown => value, apart);
export const indexApart: App<[], number> = app("indexApart", () => context().index, apart);
export const squareApart: App<[x: number], number, Float64Array> = app("squareApart", (x: number): number => x * x, {
  returns: "f64",
  ...apart,
});
export const drawApart: App<[], number[]> = app(
  "drawApart",
  (): number[] => {
    const { random } = context();
    return [random(), random(), context().random(), random.int(100)];
  },
  apart,
);
/** Throws, calls an app, or ends its process, as it is told. */
export const endsApart: App<[how: string], unknown> = app(
  "endsApart",
  async (how: string): Promise<unknown> => {
    if (how === "throw") throw new RangeError("out of it", { cause: new TypeError("the root of it") });
    if (how === "reject") void Promise.reject(new Error("nobody waits for me"));
    if (how === "function") return { deep: [() => how] };
    if (how === "call") return await add(1, 2);
    if (how === "exit") {
      process.stderr.write(`last words\n`);
      process.exit(3);
    }
    if (how.startsWith("SIG")) {
      process.kill(process.pid, how);
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
    return how;
  },
  apart,
);
export const hangsApart: App<[x: number], number> = app(
  "hangsApart",
  (x: number): number => {
    while (x === 1) Math.random();
    return x;
  },
  apart,
);
export const surroundings: App<[], { launcher: string[]; rank: string; worker: string; task: string }> = app(
  "surroundings",
  () => {
    const { HEDDLE_RANK: rank = "", HEDDLE_WORKER: worker = "", HEDDLE_TASK: task = "" } = process.env;
    return { launcher: Object.keys(process.env).filter((name) => /^(PMI|OMPI_|HYDI_)/.test(name)), rank, worker, task };
  },
  apart,
);

// Tasks that call apps.
export const fib: App<[n: number], number> = app("fib", async (n: number): Promise<number> => {
  if (n < 2) return n;
  const [a, b] = await Promise.all([fib(n - 1), fib(n - 2)]);
  return a + b;
});
export const depth: App<[n: number], number> = app(
  "depth",
  async (n: number): Promise<number> => (n === 0 ? 0 : 1 + (await depth(n - 1))),
);
export const addLater: App<[x: number], number> = app("addLater", async (x: number): Promise<number> => {
  const { index, random } = context();
  const first = random();
  const sum = await add(x, 1);
  const again = context();
  if (again.index !== index || again.random() === first) throw new Error("the context changed");
  return sum;
});
export const mapsWithin: App<[n: number], [number, number, string[]]> = app(
  "mapsWithin",
  async (n: number): Promise<[number, number, string[]]> => {
    const squares = await square.map(range(n)).collect();
    const sum = await square.map(range(n)).reduce("sum");
    return [squares.reduce((a, b) => a + b, 0), sum, await letter.map(range(3)).collect()];
  },
);
export const greetsWithin: App<[name: string], string> = app("greetsWithin", async (name: string): Promise<string> => {
  return (await greet({ first: name, second: "you" })).stdout;
});
export const leaves: App<[file: string], number> = app("leaves", (file: string): number => {
  void writesLater(file);
  return 1;
});
export const writesLater: App<[file: string], number> = app("writesLater", async (file: string): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  writeFileSync(file, "done");
  return 1;
});
export const neverLooks: App<[], number> = app("neverLooks", (): number => {
  void oddOnly(2);
  return 1;
});
export const catches: App<[], string> = app("catches", async (): Promise<string> => {
  try {
    return String(await oddOnly(2));
  } catch (error) {
    return (error as Error).message;
  }
});
export const losesPromise: App<[x: number], number> = app("losesPromise", async (x: number): Promise<number> => {
  await later(x);
  void Promise.reject(new Error("lost"));
  await later(x);
  return await later(x);
});
export const drawsWithin: App<[k: number], number[]> = app("drawsWithin", async (_k: number): Promise<number[]> => {
  const [one, other, many] = await Promise.all([draw(), draw(), draw.map(range(2))]);
  return [one, other, ...many].map((numbers) => numbers[0] as number);
});
export const typedWithin: App<[x: number], number, Float64Array> = app(
  "typedWithin",
  async (x: number): Promise<number> => ((await square(x)) > 4 ? ("no number" as never) : x),
  { returns: "f64" },
);

// What is tried again, remembered, or decides what runs next.
/** Appends a line to the file, and fails as long as it has no more than `failures`. Gives the number of lines. */
export const counts: App<[file: string, failures: number], number> = app("counts", countOnce);
export const countsCached: App<[file: string, value: unknown], number> = app(
  "countsCached",
  async (file: string, _value: unknown): Promise<number> => {
    await pause();
    return await countOnce(file, 0);
  },
  { cache: true },
);
export const countsByName: App<[file: string, options: { name: string; verbose: boolean }, now: number], number> = app(
  "countsByName",
  (file: string, _options: unknown, _now: number): Promise<number> => countOnce(file, 0),
  { cache: { ignore: ["verbose", 2] } },
);
async function countOnce(file: string, failures: number): Promise<number> {
  appendFileSync(file, `${context().rank}\n`);
  const lines = readFileSync(file, "utf8").split("\n").length - 1;
  if (lines <= failures) throw new Error(`line ${lines}`);
  return lines;
}
export const rankOfTry: App<[file: string], number> = app(
  "rankOfTry",
  (file: string): number => {
    const { rank } = context();
    if (existsSync(file)) return rank;
    writeFileSync(file, String(rank));
    throw new Error("this rank is no good");
  },
  { retries: 1 },
);
/** Fails the first time for every third. */
export const flaky: App<[folder: string, k: number], number, Float64Array> = app(
  "flaky",
  (folder: string, k: number): number => {
    const file = `${folder}/flaky-${k}`;
    if (k % 3 === 0 && !existsSync(file)) {
      writeFileSync(file, "");
      throw new Error(`not yet: ${k}`);
    }
    return k / 10 + 0.1;
  },
  { returns: "f64" },
);

export const textOf: App<[path: string], string> = app("textOf", (path: string) => readFileSync(path, "utf8"));
export const nameOf: App<[paths: { of: string[] }], string[]> = app("nameOf", ({ of }: { of: string[] }) =>
  of.map((path) => path.split("/").at(-1) as string),
);
