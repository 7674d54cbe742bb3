// `bad-input.js CASE,CASE... [FOLDER]`: one case of bad input after the other. For each a line with what the program got.
import { app, bashApp, context, range, run } from "heddle";

const square = app("square", (n) => n * n, { returns: "f64" });
const same = app("same", (value) => value);
const size = app("size", (bytes) => bytes.length);
const throws = app("throws", (what) => {
  if (what === "string") throw "just text";
  if (what === "undefined") throw undefined;
  throw new RangeError(`no ${what}`, { cause: new TypeError("the deeper reason") });
});
const rejects = app("rejects", async () => {
  Promise.reject(new Error("nobody listens"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  return "returned";
});
const never = app("never", () => new Promise(() => {}));
const exits = app("exits", (code) => process.exit(code));
// Until one of them ends the worker on which this one waits.
const endsOwnWorker = app("endsOwnWorker", async () => {
  for (;;) await exits(7).catch(() => {});
});
const spins = app(
  "spins",
  () => {
    for (;;) Math.random();
  },
  { walltime: 0.5 },
);
const hoards = app("hoards", () => {
  for (const kept = []; ; ) kept.push(new Array(10_000).fill(kept.length));
});
const missing = bashApp("missing", ["heddle-no-such-command", "{n}"]);
const fails = bashApp("fails", "echo some output; echo what went wrong >&2; exit {code}");
const killed = bashApp("killed", "kill -SEGV $$");
const sleeps = bashApp("sleeps", "sleep 600 & sleep 600", { walltime: 0.5 });
const floods = bashApp("floods", "head -c 1073741824 /dev/zero | tr '\\0' x", { captureBytes: 1000 });
const fills = bashApp("fills", ["head", "-c", "67108864", "/dev/zero"], { stdout: "{folder}/out.{n}" });
const nowhere = bashApp("nowhere", ["true"], { stdout: "/no/such/folder/out" });
const noCwd = bashApp("noCwd", ["true"], { cwd: "/no/such/folder" });
// Take their time, so that every rank gets some.
const throwsSlowly = app("throwsSlowly", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  throw new RangeError(`thrown on rank ${context().rank}`);
});
const failsSlowly = bashApp("failsSlowly", "sleep 0.05; exit 4");
const unregistered = (a, b) => a + b;

const describe = (error) => ({
  class: error?.constructor?.name,
  code: error?.code,
  hint: error?.hint,
  message: error?.message,
  ...(error?.cause === undefined ? {} : { cause: describe(error.cause) }),
  ...(error?.exitCode === undefined ? {} : { exitCode: error.exitCode, signal: error.signal, stderr: error.stderr }),
  ...(error?.app === undefined ? {} : { app: error.app, rank: error.rank }),
  ...(error?.remoteStack ? { stack: error.remoteStack } : {}),
});
const outcome = (promise) => promise.then((value) => ({ value }), (error) => ({ error: describe(error) }));

// A circle, and a function inside data.
const circle = { name: "ring" };
circle.self = circle;

const cases = {
  function: () => outcome(same({ list: [1, () => 2] })),
  circle: () => outcome(same(circle)),
  reducer: () => outcome(Promise.resolve().then(() => square.map(range(0, 9)).reduce(unregistered))),
  large: () => outcome(size(new Uint8Array(100 << 20))),
  fairlyLarge: () => outcome(size(new Uint8Array(60 << 20))),
  text: () => outcome(throws("string")),
  undefined: () => outcome(throws("undefined")),
  throws: () => outcome(throws("luck")),
  rejects: () => outcome(rejects()),
  never: () => outcome(never()),
  exits: () => outcome(exits(7)),
  waits: () => outcome(endsOwnWorker()),
  spins: () => outcome(spins()),
  hoards: () => outcome(hoards()),
  missing: () => outcome(missing({ n: 1 })),
  fails: () => outcome(fails({ code: 3 })),
  killed: () => outcome(killed({})),
  sleeps: () => outcome(sleeps({})),
  floods: async () => {
    const { error, value } = await outcome(floods({}));
    return { error, kept: value?.stdout.length, peakMb: process.resourceUsage().maxRSS / 1024 };
  },
  nowhere: () => outcome(nowhere({})),
  noCwd: () => outcome(noCwd({})),
  full: () => outcome(fills({ folder: process.argv[3], n: 0 })),
  everywhere: async () => {
    const settled = await throwsSlowly.map(range(0, 40 * Number(process.argv[4] ?? 1))).settled();
    return settled.map(({ reason }) => describe(reason));
  },
  commands: async () => {
    const settled = await failsSlowly.map(Array(20 * Number(process.argv[4] ?? 1)).fill({})).settled();
    return settled.map(({ reason }) => describe(reason));
  },
  batch: async () => {
    const error = await throws.map(["luck", "luck"]).collect().catch((reason) => reason);
    return { ...describe(error), failures: error.failures.size };
  },
};

await run(async () => {
  for (const name of process.argv[2].split(",")) {
    const got = await cases[name]();
    // Whatever failed, failed alone.
    const afterwards = [await square.map(range(0, 1000)).reduce("sum"), (await fails({ code: 0 })).stdout];
    console.log(JSON.stringify({ name, got, afterwards }));
  }
});
