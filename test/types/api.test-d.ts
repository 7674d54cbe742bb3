// What must and must not type-check. Compiled with the rest, never run.

import {
  type AppFuture,
  app,
  bashApp,
  type CommandResult,
  context,
  file,
  joinApp,
  nativeApp,
  range,
  run,
  type Settled,
  start,
} from "heddle";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

const energy = app("t-energy", (smiles: string, seed: number): number => smiles.length + seed, { returns: "f64" });
const longs = app("t-longs", (x: number): bigint => BigInt(x), { returns: "i64" });
const parse = app("t-parse", async (text: string): Promise<{ atoms: number }> => ({ atoms: text.length }));
const merge = app("t-merge", (a: { atoms: number }, _b: { atoms: number }) => a);
const add = app("t-add", (a: number, b: number) => a + b);
const optional = app("t-optional", (a: number, b?: string) => `${a}${b}`);
const rest = app("t-rest", (...numbers: number[]) => numbers.length);
const total = app("t-total", (numbers: readonly number[]) => numbers.length);
const linesOf = app("t-lines", (paths: string[]) => paths.length);
const copy = bashApp("t-copy", ["cp", "{from}", "{to}"], { outputs: ({ to }) => [to] });
interface Sample {
  atoms: number;
  names: Map<string, { atoms: number }>;
  at: [number, number];
  more?: Sample;
}
const weigh = app("t-weigh", ({ atoms }: Sample) => atoms);
// biome-ignore lint/suspicious/noExplicitAny: what users write
const anything = app("t-anything", (one: any, other: unknown) => [one, other]);

async function calls(): Promise<void> {
  same<ReturnType<typeof energy>, AppFuture<number>>(true);
  const parsed = await parse("CCO");
  same<typeof parsed, { atoms: number }>(true);
  await energy("CCO", energy("CCN", 1));
  await energy("CCO", Promise.resolve(1));
  await optional(1);
  await optional(1, "b");
  await rest(1, 2, 3);
  await total([rest(), 1, Promise.resolve(2)]);
  await total(Promise.resolve([1]));
  await weigh({ atoms: rest(), names: new Map([["a", parse("x")]]), at: [1, rest()] });
  await weigh({ atoms: 1, names: new Map(), at: [1, 2] });
  await anything([rest()], { of: rest() });
  await linesOf([file("a"), "b", copy({ from: "a", to: "b" }).outputs[0]!]);
  // @ts-expect-error futures of the wrong type inside
  await total([parse("x")]);
  // @ts-expect-error the second is missing
  await weigh({ atoms: 1, names: new Map(), at: [rest()] });
  // @ts-expect-error a file is no number
  await total([file("a")]);
  // @ts-expect-error a number is no string
  await energy(1, 1);
  // @ts-expect-error one argument is missing
  await energy("CCO");
  // @ts-expect-error a future of the wrong type
  await energy("CCO", parse("x"));
}

app("t-first", () => 1, { priority: 5, target: { rank: 0, soft: true } });
bashApp("t-command", ["true"], { priority: -5, target: { rank: 0 } });
// @ts-expect-error a target names a rank
app("t-nowhere", () => 1, { target: { soft: true } });

async function maps(): Promise<void> {
  const library: [string, number][] = [["CCO", 1]];
  const column = await energy.map(library, { progress: true });
  same<typeof column, Float64Array>(true);
  same<Awaited<ReturnType<ReturnType<typeof longs.map>["collect"]>>, BigInt64Array>(true);
  const columns = await energy.map(["a", "b"], range(2), { seed: 1, priority: 2, target: { rank: 1 } }).collect();
  same<typeof columns, Float64Array>(true);
  const best = await energy.map(library).reduce("min");
  same<typeof best, number>(true);
  const all = await parse.map(["a"]);
  same<typeof all, { atoms: number }[]>(true);
  const merged = await parse.map(["a"]).reduce(merge);
  same<typeof merged, { atoms: number }>(true);
  const settled = await parse.map(["a"]).settled();
  same<typeof settled, Settled<{ atoms: number }>[]>(true);
  for await (const { index, value } of longs.map(range(3))) {
    same<typeof index, number>(true);
    same<typeof value, bigint>(true);
  }
  await add.map(new Float64Array(3), range(3));
  await app("t-none", () => context().random()).map(range(10));
  // @ts-expect-error a range gives numbers, the app wants strings
  await parse.map(range(3));
  // @ts-expect-error objects cannot be summed
  await parse.map(["a"]).reduce("sum");
  // @ts-expect-error the reducer takes other values
  await parse.map(["a"]).reduce(add);
  // @ts-expect-error a plain function is no app
  await add.map([1], [2]).reduce((a: number, b: number) => a + b);
  // @ts-expect-error no such option
  await energy.map(library, { progres: true });
}

async function commands(): Promise<void> {
  const dock = bashApp("t-dock", ["vina", "--ligand", "{ligand}"], { walltime: 600 });
  const result = await dock({ ligand: "a" });
  same<typeof result, CommandResult>(true);
  await dock("a", 1, dock.appName);
  await dock.map(["a", "b"]).discard();
  await dock.map([{ ligand: "a" }], { progress: true });
  await dock.map(["a"], range(3));
  const uptime = bashApp("t-uptime", "uptime -p", { returns: "stdout", cwd: "{folder}" });
  const said = uptime({ folder: "/" });
  same<typeof said, AppFuture<string>>(true);
  same<Awaited<ReturnType<typeof uptime.map>>, string[]>(true);
  same<Awaited<ReturnType<ReturnType<typeof uptime.with>>>, string>(true);
  await dock(said);
  const named = bashApp("t-named", (n: number) => ["echo", n], { returns: "stdout" });
  same<Awaited<ReturnType<typeof named>>, string>(true);
  // @ts-expect-error a text has no exit code
  (await named(1)).exitCode;
  // @ts-expect-error "stdout" or nothing
  bashApp("t-stderr", "true", { returns: "stderr" });
  const made = bashApp("t-made", (a: string, n: number) => ["printf", a, n]);
  await made("a", 2);
  await made.map(["a"], [1]).collect();
  // @ts-expect-error the function takes a string first
  await made(1, 2);
  // @ts-expect-error an object is no word
  await dock({ ligand: { file: "a" } });
}

async function natives(): Promise<void> {
  const library = "t.so";
  const count = nativeApp("t-count", { library, arguments: ["i64"], returns: "u64" });
  same<Awaited<ReturnType<typeof count>>, bigint>(true);
  await count(1);
  await count(count(1n));
  same<Awaited<ReturnType<ReturnType<typeof count.map>["collect"]>>, BigUint64Array>(true);
  await count.map(range(3)).reduce("sum");
  await count.map(new BigInt64Array(3), { progress: true });
  const scale = nativeApp("t-scale", { library, function: "f", arguments: ["f64", "u32"], returns: "f32" });
  await scale(1.5, 2);
  await scale.map([1.5], range(1));
  await scale.map([[1.5, 2]]);
  const bytes = nativeApp("t-bytes", { library, arguments: "bytes", returns: "bytes" });
  const parts = await bytes.map([new Uint8Array(1), Buffer.from("a")]);
  same<typeof parts, Uint8Array[]>(true);
  await bytes(bytes(new Uint8Array(1)));
  const any = nativeApp<[text: string, depth: number], "f64">("t-any", {
    library,
    arguments: "msgpack",
    returns: "f64",
  });
  const energy = await any("CCO", 2);
  same<typeof energy, number>(true);
  await any.map(["a"], range(1)).reduce("min");
  // @ts-expect-error a string is no number
  await count("1");
  // @ts-expect-error one argument is missing
  await scale(1.5);
  // @ts-expect-error bytes come from arrays of bytes
  await bytes.map(range(3));
  // @ts-expect-error bytes cannot be summed
  await bytes.map([new Uint8Array(1)]).reduce("sum");
  // @ts-expect-error a call cannot be ended
  nativeApp("t-limit", { library, arguments: ["i64"], returns: "u64", walltime: 1 });
  // @ts-expect-error no such element type
  nativeApp("t-f16", { library, arguments: ["f16"], returns: "u64" });
}

async function dataflow(): Promise<void> {
  const plan = joinApp("t-plan", (n: number) => ({
    best: energy("CCO", n),
    all: [Promise.resolve("a"), "b"] as const,
    by: new Map([["x", energy("C", 1)]]),
  }));
  const planned = await plan(energy("C", 2));
  same<typeof planned, { best: number; all: [string, "b"]; by: Map<string, number> }>(true);
  const again = energy.with({ retries: 2, cache: { ignore: [1], key: (smiles: string) => smiles } });
  same<Awaited<ReturnType<typeof again>>, number>(true);
  await again.map(["a"], [1], {
    retries: (error, tries) => (error.code === "ERR_WALLTIME" || tries > 3 ? "stop" : 0.1),
  });
  const states: number = (await (await start({ apps: [] })).wait())["memo-done"];
  void states;
  // @ts-expect-error the second argument is missing
  await again("CCO");
  // @ts-expect-error a joinApp is called, not mapped
  plan.map([1]);
  // @ts-expect-error what a retry costs is a number
  energy.with({ retries: () => "again" });
  // @ts-expect-error no such mode
  await run(() => {}, { checkpoint: "always" });
}

async function defaults(): Promise<void> {
  const power = app("t-power", (x: number, { to = 2 } = {}) => x ** to, { retries: (error) => error.message.length });
  same<Awaited<ReturnType<typeof power>>, number>(true);
  await power(1);
  await power(energy("C", 1), { to: 3 });
  // @ts-expect-error a number
  await power(1, { to: "3" });
  const half = app("t-half", (x = 1) => x / 2, { returns: "f64" });
  await half();
  const wait = bashApp("t-wait", (seconds: number, unit = "s") => ["sleep", `${seconds}${unit}`]);
  await wait(1);
  // @ts-expect-error a text
  await wait(1, 2);
  const plan = joinApp("t-plan2", (n: number, more = false) => (more ? [power(n)] : []));
  same<Awaited<ReturnType<typeof plan>>, number[]>(true);
  // @ts-expect-error a boolean
  await plan(1, "yes");
}

// @ts-expect-error a parameter without a type
app("t-untyped", (x) => x);
// @ts-expect-error the function does not return numbers
app("t-wrong", (x: number) => String(x), { returns: "f64" });
// @ts-expect-error no such element type
app("t-type", (x: number) => x, { returns: "f16" });

const numbers: number[] = [context().random(), context().random.int(6), context().random.normal(), context().index];
void [dataflow, defaults, calls, maps, commands, natives, numbers];
