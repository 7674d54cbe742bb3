/**
 * A web service that farms its work out. It answers on 127.0.0.1 alone; PORT says where, 0 or nothing: a free port.
 *
 *   npx tsx examples/service/server.ts
 *   curl 'http://127.0.0.1:PORT/factors?n=360360'
 *   curl -d '[12, 35, 1001]' http://127.0.0.1:PORT/factors
 *
 * SIGTERM and SIGINT let requests that are under way finish, then end the engine and the process.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { HeddleError, start } from "heddle";
import { factors } from "./apps.ts";

const BODY_MAX = 1_000_000; // bytes

// First of all: under mpiexec this returns on rank 0 alone, and only rank 0 is to listen.
const apps = new URL(`./apps${extname(import.meta.url)}`, import.meta.url); // .ts or .js, as this file
const engine = await start({ apps: [apps] });

/** What a client did wrong, with the status that says so. */
class BadRequest extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function integer(value: unknown): number {
  const n = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof n === "number" && Number.isSafeInteger(n) && n >= 1) return n;
  throw new BadRequest(400, `${JSON.stringify(value)} is no integer from 1 to 2^53 - 1`);
}

async function body(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_MAX) throw new BadRequest(413, `the body is longer than ${BODY_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new BadRequest(400, "the body is no JSON");
  }
}

/** The answer to one request, as a value for JSON. */
async function answer(request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const route = `${request.method} ${url.pathname}`;
  if (route === "GET /factors") return { factors: await factors(integer(url.searchParams.get("n"))) };
  if (route === "POST /factors") {
    const numbers = await body(request);
    if (!Array.isArray(numbers)) throw new BadRequest(400, "the body is no array");
    const checked = numbers.map(integer);
    console.log(`${route} of ${checked.length}`);
    return { factors: await factors.map(checked) };
  }
  if (route === "GET /health") return { ok: true, pid: process.pid, ranks: engine.ranks };
  throw new BadRequest(404, `there is no ${route}; try GET /factors?n=360360`);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...(closing ? { connection: "close" } : {}),
  });
  response.end(text);
}

let closing = false;

const server = createServer((request, response) => {
  answer(request).then(
    (value) => send(response, 200, value),
    (error: unknown) => {
      if (error instanceof BadRequest) return send(response, error.status, { error: error.message });
      const code = error instanceof HeddleError ? error.code : "ERR_INTERNAL";
      send(response, 500, { error: (error as Error).message, code });
    },
  );
});

function shutDown(): void {
  if (closing) return;
  closing = true;
  server.close(() => {
    void engine.close().then(() => console.log("closed"));
  });
  server.closeIdleConnections();
}
process.on("SIGTERM", shutDown);
process.on("SIGINT", shutDown);

server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
