/** Promises about files as arguments and outputs of calls. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type BatchError, type DependencyError, type FileLike, file, type HeddleError } from "heddle";
import { expect } from "vitest";
import { copies, nameOf, textOf, thirdTime } from "../helpers/apps.ts";
import { type Checks, failureOf } from "./check.ts";

/** A server of files that counts what it gives and keeps what it is given. */
async function serving(
  work: (url: string, seen: { gets: number; kept: Map<string, string> }) => Promise<void>,
): Promise<void> {
  const seen = { gets: 0, kept: new Map<string, string>() };
  const server: Server = createServer((request, response) => {
    const path = request.url as string;
    if (request.method === "PUT") {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => (seen.kept.set(path, body), response.writeHead(201).end()));
    } else if (path.startsWith("/missing")) response.writeHead(404).end();
    else {
      if (request.method === "GET") seen.gets++;
      response.end(request.method === "HEAD" ? undefined : `content of ${path}`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const fresh = (): string => Math.random().toString(36).slice(2);

export const fileChecks: Checks = {
  "a file is brought once, and tasks are given its path": async () => {
    await serving(async (url, seen) => {
      const name = fresh();
      const data = file(`${url}/${name}/two%20words.txt`);
      const contents = await Promise.all([textOf(data), textOf(data), textOf(file(data.url))]);
      expect(new Set(contents)).toEqual(new Set([`content of /${name}/two%20words.txt`]));
      expect(await nameOf({ of: [data as never, "else"] })).toEqual(["two words.txt", "else"]);
      expect(seen.gets).toBe(1);
    });
  },

  "a local file is used where it is, and one that is missing fails what needs it": async ({ folder }) => {
    const path = join(folder, "a # b?.txt");
    writeFileSync(path, "here");
    expect(await textOf(file(path))).toBe("here");
    const missing = await failureOf<DependencyError>(textOf(file(join(folder, "missing"))));
    expect(missing).toMatchObject({ code: "ERR_DEPENDENCY", cause: { code: "ERR_FILE_NOT_FOUND" } });
    expect(missing.message).toContain(join(folder, "missing"));
    await serving(async (url) => {
      const gone = await failureOf<DependencyError>(textOf(file(`${url}/missing-${fresh()}`)));
      expect(gone).toMatchObject({ cause: { code: "ERR_FILE_NOT_FOUND" } });
    });
    const changed = file(path, { sha256: "0".repeat(64) });
    expect(await failureOf(textOf(changed))).toMatchObject({ cause: { code: "ERR_FILE_CHECKSUM" } });
  },

  "outputs are futures, inputs of other calls, and brought to their places": async ({ folder }) => {
    await serving(async (url, seen) => {
      const from = join(folder, "from");
      writeFileSync(from, "made");
      const [there, here] = [file(`${url}/${fresh()}/there`), file(join(folder, "here"))];
      const first = copies({ from, to: there });
      const second = copies({ from: first.outputs[0] as PromiseLike<FileLike> as never, to: here });
      expect(await textOf(second.outputs[0] as never)).toBe("made");
      expect(String(await first.outputs[0])).toBe(there.url);
      expect(await second.outputs[0]).toMatchObject({ path: join(folder, "here"), size: 4 });
      expect(seen.kept.get(new URL(there.url).pathname)).toBe("made");
      expect(seen.gets).toBe(0);
      expect(await second).toMatchObject({ exitCode: 0 });
    });
  },

  "an output that is written again is read as it is now": async ({ folder }) => {
    await serving(async (url) => {
      const there = file(`${url}/${fresh()}/there`);
      for (const content of [fresh(), fresh()]) {
        const from = join(folder, content);
        writeFileSync(from, content);
        const [output] = copies({ from, to: there }).outputs;
        expect(await textOf(output as never)).toBe(content);
        expect(await textOf(there)).toBe(content);
      }
    });
  },

  "a call that does not make its outputs fails and is tried again; the outputs of one that failed tell of the call":
    async ({ folder }) => {
      const path = join(folder, "never");
      const [output] = textOf.with({ outputs: [path] })(join(folder, "no-such")).outputs;
      expect(await failureOf<HeddleError>(output as never)).toMatchObject({ code: "ERR_DEPENDENCY" });
      writeFileSync(join(folder, "there"), "x");
      const call = textOf.with({ outputs: [path, join(folder, "there"), `${path}-either`] })(join(folder, "there"));
      const missing = await failureOf(call);
      expect(missing).toMatchObject({ code: "ERR_OUTPUT_MISSING", data: { missing: [path, `${path}-either`] } });
      expect(missing.message).toContain(`${path}, ${path}-either, which are among its outputs, are not there after it`);
      const outputs = await Promise.all(call.outputs.map((one) => failureOf<DependencyError>(one as never)));
      expect(outputs.map(({ cause }) => cause)).toEqual([missing, missing, missing]);
      expect(outputs[0]?.chain).toEqual([`stage out of ${path}`, `textOf(#${call.index})`]);
      const third = join(folder, "third");
      const again = thirdTime({ to: third });
      expect(await again).toMatchObject({ exitCode: 0 });
      expect(again.tries).toBe(3);
      expect(await again.outputs[0]).toMatchObject({ path: third });
      expect(existsSync(path)).toBe(false);
    },

  "tasks of a map are given paths of the files in their rows; one that is missing fails its task alone": async ({
    folder,
  }) => {
    await serving(async (url, seen) => {
      const name = fresh();
      const urls = Array.from({ length: 100 }, (_, k) =>
        file(`${url}/${k % 50 === 7 ? "missing-" : ""}${name}/${k % 50}`),
      );
      const map = textOf.map(urls);
      const error = await failureOf<BatchError>(map);
      expect([...error.failures.keys()]).toEqual([7, 57]);
      expect(error.failures.get(57)).toMatchObject({ code: "ERR_FILE_NOT_FOUND" });
      expect(error.results[99]).toBe(`content of /${name}/49`);
      expect(error.results[42]).toBe(`content of /${name}/42`);
      expect(seen.gets).toBe(49); // Each once, and once in vain.
      const inside = [{ of: ["plain"] }, { of: ["plain", ...urls.slice(1, 2)] }];
      expect(await nameOf.map(inside)).toEqual([["plain"], ["plain", "1"]]);
      const pairs = urls.slice(1, 3).map((from, k) => ({ from, to: join(folder, `from-map-${k}`) }));
      await copies.map(pairs).discard();
      expect(readFileSync(join(folder, "from-map-1"), "utf8")).toBe(`content of /${name}/2`);
      expect(seen.gets).toBe(49);
    });
  },

  "a call waits for its inputs, files and others": async ({ folder }) => {
    const order: string[] = [];
    const before = new Promise<void>((resolve) => setTimeout(() => (order.push("before"), resolve()), 20));
    const made = join(folder, "waited-for");
    mkdirSync(folder, { recursive: true });
    writeFileSync(made, "now");
    const call = textOf.with({ inputs: [before, made] })(made);
    expect(await call.then((value) => (order.push("call"), value))).toBe("now");
    expect(order).toEqual(["before", "call"]);
    const none = textOf.with({ inputs: [join(folder, "no-input")] })(made);
    expect(await failureOf(none)).toMatchObject({ cause: { code: "ERR_FILE_NOT_FOUND" } });
  },
};
