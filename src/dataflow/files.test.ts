import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { app } from "../apps/app.ts";
import { start } from "../apps/start.ts";
import { file } from "../staging/file.ts";
import { stagingProvider } from "../staging/provider.ts";
import type { Engine } from "./engine.ts";

const textOf = app("textOf", (path: string) => readFileSync(path, "utf8"));
const write = app("write", (path: string, text: string) => writeFileSync(path, text));
const makeFolder = app("makeFolder", (path: string) => mkdirSync(path));

/** A server that answers what the test says. */
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: ((request: IncomingMessage) => void) | null = null;
const folder = mkdtempSync(join(tmpdir(), "heddle-files-"));
let engine: Engine;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked?.(request);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const settings = { cache: join(folder, "cache"), retries: 0, stall: 60 };
beforeEach(async () => {
  answer = () => {}; // It never does.
  engine = await start({ executor: "inline", apps: ["data:text/javascript,"], staging: settings });
});
afterEach(async () => await engine.close());

/** Resolves with the next request, once it has come. */
const request = (): Promise<IncomingMessage> => new Promise((resolve) => (asked = resolve));

async function failure(work: PromiseLike<unknown>): Promise<{ code: string }> {
  return await work.then(
    (value) => expect.fail(`it gave ${value}`),
    (error) => error,
  );
}

test("a file is not brought any more when no call wants it", async () => {
  const came = request();
  const [first, second] = [textOf(file(`${url}/a`) as never), textOf(file(`${url}/a`) as never)];
  const ends = failure(first);
  const closed = came.then((it) => once(it.socket, "close"));
  await came;
  first.cancel();
  expect(await ends).toMatchObject({ code: "ERR_CANCELLED" });
  await new Promise((resolve) => setImmediate(resolve));
  expect((await came).socket.closed).toBe(false); // The second waits for it.
  const both = failure(second);
  second.cancel();
  await closed;
  await both;
  answer = (_, response) => response.end("there");
  expect(await textOf(file(`${url}/a`) as never)).toBe("there");
});

test("an output that is not wanted any more is not brought to its place", async () => {
  const came = request();
  const call = write.with({ outputs: [`${url}/b`] })(file(`${url}/b`) as never, "made");
  const [output] = call.outputs;
  const closed = came.then((it) => once(it.socket, "close"));
  await came;
  const ends = failure(output as never);
  output?.cancel();
  await closed;
  expect(await ends).toMatchObject({ code: "ERR_CANCELLED" });
});

test("a folder is no output that belongs elsewhere", async () => {
  const make = makeFolder.with({ outputs: [`${url}/folder`] })(file(`${url}/folder`) as never);
  expect(await failure(make.outputs[0] as never)).toMatchObject({ code: "ERR_FILE_REFUSED" });
});

test("close() does not wait for ever for outputs, and says which of them are not in their places", async () => {
  const never = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const download = (_: URL, { signal }: { signal: AbortSignal }): Promise<void> => never(signal);
  const upload = (_path: string, _target: URL, signal: AbortSignal): Promise<void> => never(signal);
  stagingProvider({ name: "stuck", schemes: ["stuck"], download, upload });
  await engine.close();
  engine = await start({ executor: "inline", apps: ["data:text/javascript,"], staging: { ...settings, stall: 2 } });
  const remembers = write.with({ cache: true });
  answer = (_, response) => setTimeout(() => response.end(), 20);
  const [stuck, other] = ["stuck://host/c", `${url}/c`].map((to) =>
    remembers.with({ outputs: [to] })(file(to) as never, "made"),
  );
  const waits = textOf(file("stuck://host/d") as never);
  const ends = [stuck?.outputs[0], waits].map((one) => failure(one as never));
  await Promise.all([stuck, other]);
  await engine.close();
  expect(other?.outputs[0]?.state).toBe("done");
  expect(await Promise.all(ends)).toMatchObject([
    { code: "ERR_FILE_TRANSFER", message: expect.stringContaining("stuck://host/c was not in its place") },
    { cause: { code: "ERR_CLOSED" } },
  ]);
});

test("passwords in addresses are neither in the checkpoint nor in keys", async () => {
  const path = join(folder, "memo.lmdb");
  const kept = new Map<string, string>();
  stagingProvider({
    name: "safe",
    schemes: ["safe"],
    download: async () => {},
    upload: async (from, { pathname }) => void kept.set(pathname, readFileSync(from, "utf8")),
    version: async ({ pathname }) => kept.get(pathname) ?? null,
  });
  const states: unknown[] = [];
  for (const password of ["first-secret", "second-secret"]) {
    await engine.close();
    engine = await start({
      executor: "inline",
      apps: ["data:text/javascript,"],
      staging: settings,
      checkpoint: { path },
    });
    const to = `safe://me:${password}@host/e?X-Amz-Signature=${password}`;
    const call = write.with({ cache: true, outputs: [to] })(file(to) as never, "made");
    await Promise.all([call, call.outputs[0]]);
    states.push(call.state);
  }
  await engine.close();
  expect(states).toEqual(["done", "memo-done"]);
  expect(readFileSync(path, "latin1")).not.toContain("secret");
});
