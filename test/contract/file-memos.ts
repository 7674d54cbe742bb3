/** Promises about results that are remembered where files play a part. */

import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type AppFuture, type FileLike, file } from "heddle";
import { expect } from "vitest";
import { copies, textOf, touches } from "../helpers/apps.ts";
import type { Checks } from "./check.ts";

const fresh = (): string => Math.random().toString(36).slice(2);

/** How the call ended, and with what. */
async function outcome(call: AppFuture<unknown>): Promise<[string, unknown]> {
  const value = await call;
  return [call.state, value];
}

/** Such a call makes one file. */
const output = (call: AppFuture<unknown>): Promise<FileLike> => Promise.resolve(call.outputs[0] as never);

export const fileMemoChecks: Checks = {
  "a file counts by its content, or by path, size and time; a path that is a text counts as that": async ({
    folder,
  }) => {
    const [a, b, text] = [join(folder, fresh()), join(folder, fresh()), fresh()];
    for (const path of [a, b]) writeFileSync(path, text);
    const remembers = textOf.with({ cache: true });
    expect(await outcome(remembers(file(a)))).toEqual(["done", text]);
    expect(await outcome(remembers(file(b)))).toEqual(["memo-done", text]);
    expect(await outcome(remembers(a))).toEqual(["done", text]);
    const looks = textOf.with({ cache: { files: "stat" } });
    expect(await outcome(looks(file(a)))).toEqual(["done", text]);
    expect(await outcome(looks(file(a)))).toEqual(["memo-done", text]);
    writeFileSync(a, "other");
    expect(await outcome(remembers(file(a)))).toEqual(["done", "other"]);
    expect(await outcome(remembers(a))).toEqual(["memo-done", text]);
    utimesSync(b, 1, 1);
    expect(await outcome(remembers(file(b)))).toEqual(["memo-done", text]);
    expect(await outcome(looks(file(b)))).toEqual(["done", text]);
    const waits = textOf.with({ cache: true, inputs: [b] });
    expect(await outcome(waits(a))).toEqual(["done", "other"]);
    expect(await outcome(waits(a))).toEqual(["memo-done", "other"]);
    writeFileSync(b, fresh());
    expect((await outcome(waits(a)))[0]).toBe("done");
  },

  "a remembered call whose outputs are gone, or were changed, runs again": async ({ folder }) => {
    const [from, to, text] = [join(folder, fresh()), join(folder, fresh()), fresh()];
    writeFileSync(from, text);
    const remembers = copies.with({ cache: true });
    const state = async (target = to): Promise<string> => {
      const call = remembers({ from: file(from), to: file(target) });
      await call;
      expect(await output(call)).toMatchObject({ path: target, size: text.length });
      expect(readFileSync(target, "utf8")).toBe(text);
      return call.state;
    };
    const both = [state(), state()]; // One joins the other.
    expect((await Promise.all(both)).sort()).toEqual(["done", "memo-done"]);
    expect(await state()).toBe("memo-done");
    utimesSync(to, 1, 1);
    expect(await state()).toBe("memo-done");
    rmSync(to);
    expect(await state()).toBe("done");
    writeFileSync(to, "changed");
    expect(await state()).toBe("done");
    expect(await state(join(folder, fresh()))).toBe("done");
  },

  "a command whose files are no arguments counts by its words, and knows where its output goes": async ({ folder }) => {
    const [from, to, text] = [join(folder, fresh()), join(folder, fresh()), fresh()];
    writeFileSync(from, text);
    const copying = copies.with({ cache: true, inputs: ["/dev/null"], stdout: "auto" });
    const state = async (given: string | Promise<string>, target = to): Promise<string> => {
      const call = copying({ from: given, to: target });
      expect(await call).toMatchObject({ exitCode: 0 });
      expect(await output(call)).toMatchObject({ path: target, size: text.length });
      if (call.state === "done") expect(call.stdout).toContain("copies");
      return call.state;
    };
    expect([await state(from), await state(from)]).toEqual(["done", "memo-done"]);
    expect(await state(Promise.resolve(from))).toBe("memo-done");
    expect(await state(from, join(folder, fresh()))).toBe("done");
    const touching = touches.with({ cache: true });
    expect([(await outcome(touching(to)))[0], (await outcome(touching(to)))[0]]).toEqual(["done", "memo-done"]);
  },

  "an output elsewhere holds while its server says that it is the same": async ({ folder }) => {
    const kept = new Map<string, string>();
    let version = 1;
    const server: Server = createServer((request, response) => {
      const path = request.url as string;
      if (request.method === "PUT") {
        let body = "";
        request.on("data", (part) => (body += part));
        request.on("end", () => (kept.set(path, body), response.writeHead(201).end()));
      } else
        response.writeHead(200, { etag: `"${version}"` }).end(request.method === "GET" ? kept.get(path) : undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const from = join(folder, fresh());
      writeFileSync(from, "made");
      const to = file(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${fresh()}`);
      const remembers = copies.with({ cache: true });
      const state = async (): Promise<string> => {
        const call = remembers({ from: file(from), to });
        expect(await textOf(output(call) as never)).toBe("made");
        return call.state;
      };
      expect([await state(), await state()]).toEqual(["done", "memo-done"]);
      version++;
      expect([await state(), await state()]).toEqual(["done", "memo-done"]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
};
