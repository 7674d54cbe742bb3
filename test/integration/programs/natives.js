// Every way to call a native app, with answers that do not depend on where the tasks ran. NATIVES: the shared library.
// ISOLATION: of all apps. TASKS: of the longest map.

import { createHash } from "node:crypto";
import { nativeApp, range, run } from "heddle";

const { NATIVES: library, ISOLATION: isolation = "none", TASKS: tasks = "1e6" } = process.env;
const define = (name, args, returns, other = {}) =>
  nativeApp(name, { library, arguments: args, returns, isolation, ...other });

const square = define("square", ["i64"], "i64");
const scale = define("scale", ["f64", "u32"], "f64");
const row = define("row", ["u8", "i64", "f32"], "bytes", { function: "echo" });
const packed = define("packed", "msgpack", "bytes", { function: "echo" });
const reverse = define("reverse", "bytes", "bytes");
const sevens = define("sevens", ["i64"], "bytes");
const oddOnly = define("odd_only", ["i64"], "i64");
const floats = define("floats", ["i64"], "f32", { function: "as_float" });
const small = ["i32", "u32", "u8", "u64"].map((type) => define(type, ["i64"], type, { function: "as_integer" }));

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const texts = (arrays) => Array.from(arrays, (bytes) => Buffer.from(bytes).toString());
const failure = (work) =>
  Promise.resolve(work).then(
    (value) => ({ succeeded: String(value) }),
    ({ name, code, message, data, hint }) => ({ name, code, message, data, hint }),
  );

/** Calls, one by one. */
async function calls() {
  return {
    numbers: [await square(12), await square(-3n), await scale(0.5, 7), await scale(square(2), 7).catch((e) => e.code)].map(String),
    row: hex(await row(255, -2, 1.5)),
    packed: [hex(await packed("a", 1, [true, null])), hex(await packed())],
    bytes: texts(await Promise.all([reverse(Buffer.from("abc")), reverse(reverse(Buffer.from("xyz"))), reverse(new Uint8Array(0))])),
  };
}

/** Maps, with every end. */
async function maps() {
  const squares = await square.map(range(-1000, 1000));
  const streamed = [];
  for await (const { index, value } of reverse.map(["ab", "cd", "ef"].map((text) => Buffer.from(text)))) {
    streamed[index] = Buffer.from(value).toString();
  }
  await sevens.map(range(100)).discard();
  const digest = createHash("sha256");
  for (const bytes of await sevens.map(range(0, 20_000, 40))) digest.update(bytes).update("|");
  return {
    kind: squares.constructor.name,
    squares: [squares.length, String(squares[0]), String(squares[999])],
    sum: String(await square.map(range(Number(tasks))).reduce("sum")),
    least: await floats.map(range(5, 1000)).reduce("min"),
    count: await reverse.map(Array.from({ length: 500 }, () => Buffer.from("x"))).reduce("count"),
    small: await Promise.all(small.map(async (app) => Array.from(await app.map([-1, 0, 300]), String))),
    columns: Array.from(await scale.map(new Float64Array([1, 2, 3]), new Uint32Array([4, 5, 6]))),
    converted: Array.from(await scale.map([1, 2, 3], range(4, 7))),
    rows: Array.from(await scale.map([[1, 4], [2, 5]])),
    longs: Array.from(await square.map(new BigInt64Array([5n, -6n])), String),
    packed: (await packed.map(["a", "b"], range(2))).map(hex),
    streamed,
    digest: digest.digest("hex"),
  };
}

/** What fails, and how it says so. */
async function failures() {
  const settled = await oddOnly.map(range(1, 9)).settled();
  const batch = await oddOnly.map(range(1, 9)).collect().catch((error) => error);
  return {
    withText: await failure(oddOnly(8)),
    withoutText: await failure(oddOnly(2)),
    settled: settled.map(({ status, value, reason }) => (status === "fulfilled" ? String(value) : reason.data.number)),
    batch: [batch.name, batch.code, batch.failures.size, batch.message.split("\n")[0]],
    tooLarge: await failure(sevens(2 ** 26 + 1)),
    notANumber: await failure(square("three")),
    inexact: await failure(square(0.5)),
    tooMany: await failure(square(1, 2)),
    noBytes: await failure(reverse("text")),
    oneOfMany: [...(await scale.map([1, "two"], [3, 4]).collect().catch(({ failures }) => failures))].map(([k, { message }]) => [k, message]),
    columns: await failure((async () => square.map([1], [2]))()),
    byApp: await failure(square.map(range(2)).reduce(square)),
    bytesSum: await failure(reverse.map([new Uint8Array(1)]).reduce("sum")),
    walltime: await failure((async () => square.map(range(2), { walltime: 1 }))()),
  };
}

await run(async () => {
  console.log(JSON.stringify({ calls: await calls(), maps: await maps(), failures: await failures() }));
});
