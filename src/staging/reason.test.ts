import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headline } from "../errors.ts";
import { httpProvider } from "./http.ts";
import { closeConnections } from "./over-http.ts";
import type { StagingProvider } from "./provider.ts";
import { innermost } from "./reason.ts";

const server = createServer((request, response) => {
  if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
  else response.writeHead(Number(request.url?.slice(1))).end();
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  await closeConnections();
  server.close();
});

const at = (path: string): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
const { version } = httpProvider as Required<StagingProvider>;
const failure = (url: URL): Promise<Error> =>
  version(url, AbortSignal.timeout(5_000)).then(
    (value) => expect.fail(`it gave ${value}`),
    (error) => error,
  );

test("the reason of a transfer that failed is the innermost", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  await new Promise((resolve) => other.close(resolve));
  const refused = await failure(new URL(`http://127.0.0.1:${port}/x`));
  expect(headline(innermost(refused))).toBe(`Error: connect ECONNREFUSED 127.0.0.1:${port}`);
  const both = new AggregateError([
    new Error("connect ECONNREFUSED ::1:1"),
    new Error("connect ECONNREFUSED 127.0.0.1:1"),
  ]);
  expect(headline(innermost(new TypeError("fetch failed", { cause: both })))).toBe(
    "Error: connect ECONNREFUSED 127.0.0.1:1",
  );
  const closed = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
  expect(headline(innermost(new TypeError("terminated", { cause: closed })))).toBe("Error: other side closed");
  expect(headline(innermost(new Error("HTTP 500")))).toBe("Error: HTTP 500");
});

test("what will be the same next time is not worth another attempt", async () => {
  for (const path of ["/loop", "/505", "/400"]) {
    expect(await failure(at(path))).toMatchObject({ code: "ERR_FILE_REFUSED" });
  }
  expect((await failure(at("/loop"))).message).toContain("it redirects again and again");
  expect(await failure(at("/503"))).not.toHaveProperty("code");
  const untrusted = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  const { fromFetch } = await import("./over-http.ts");
  const error = fromFetch(new TypeError("fetch failed", { cause: untrusted }), at("/x"));
  expect(error).toMatchObject({ code: "ERR_FILE_REFUSED", hint: expect.stringContaining("NODE_EXTRA_CA_CERTS") });
});
