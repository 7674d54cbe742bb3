// Files of a server on the first of two hosts, each with a folder of copies of its own. Prints what tasks of each rank read, and how often the server was asked.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { app, bashApp, file, run } from "heddle";

const read = app("read", (path) => `${hostname()}: ${readFileSync(path, "utf8")}`);
const copies = bashApp("copies", ["cp", "{from}", "{to}"], { outputs: ({ to }) => [to] });
const writes = bashApp("writes", "printf %s {text} > {to}", { outputs: ({ to }) => [to] });
const on = (rank) => ({ target: { rank } });

const kept = new Map([["/a", "first"]]);
let gets = 0;
const server = createServer(async (request, response) => {
  if (request.method === "GET") gets++;
  if (request.method === "PUT") kept.set(request.url, Buffer.concat(await request.toArray()).toString());
  response.setHeader("etag", `"${request.url}"`).end(request.method === "GET" ? kept.get(request.url) : undefined);
});

async function body() {
  await new Promise((resolve) => server.listen(0, "192.0.2.1", resolve));
  const url = `http://192.0.2.1:${server.address().port}`;
  const a = file(`${url}/a`);
  const calls = await Promise.all([0, 1, 2, 3].map((rank) => read.with(on(rank))(a)));
  const mapped = await read.map([a, a, a]);
  const made = copies.with(on(3))({ from: a, to: file(`${url}/b`) }).outputs[0];
  const seen = await Promise.all([0, 3].map((rank) => read.with(on(rank))(made)));
  const versions = [];
  for (const text of ["old", "new"]) {
    const [written] = writes.with(on(3))({ text, to: file(`${url}/c`) }).outputs;
    versions.push(await read.with(on(0))(written), await read.with(on(3))(written));
  }
  console.log(JSON.stringify({ calls, mapped: mapped.map((text) => text.slice(4)), seen, versions, gets }));
  server.closeAllConnections();
  server.close();
}

await run(body, { staging: { cache: "/dev/shm/heddle-files" }, runDir: false });
