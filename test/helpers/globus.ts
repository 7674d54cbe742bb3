/**
 * Globus on this machine: an OpenID provider, and a service that speaks the Transfer API as it is documented. Collections are folders, and transfers
 * copy files between them.
 */

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Provider from "oidc-provider";
import { Agent, fetch } from "undici";

const SCOPE = "urn:globus:auth:scope:transfer.api.globus.org:all";
export const CLIENT = "heddle-of-this-site";
export const SERVICE = { id: "a-service", secret: "a-secret-of-32-characters-or-more" };

interface Item {
  source_path: string;
  destination_path: string;
}

interface Submitted {
  submission_id: string;
  source_endpoint: string;
  destination_endpoint: string;
  verify_checksum: boolean;
  DATA: Item[];
}

interface Transfer {
  document: Submitted;
  task: Record<string, unknown>;
  polls: number;
}

export class Cloud {
  readonly folder: string = mkdtempSync(join(tmpdir(), "heddle-globus-"));
  readonly #collections = new Map<string, string>();
  readonly tasks: Map<string, Transfer> = new Map();
  /** "GET /submission_id" ..., UUIDs left out. */
  readonly requests: string[] = [];
  /** Called for each request before it is answered; true: it has been answered. */
  hinder: (what: string, response: ServerResponse) => boolean = () => false;
  /** What a task says on a question for it; null: it does its work. */
  progress: (polls: number) => Record<string, unknown> | null = () => null;
  /** Answers whose connections break. */
  readonly lose: Set<ServerResponse> = new Set();
  /** Collections that want a consent. */
  readonly guarded: Set<string> = new Set();
  base = "";
  agent!: Agent;
  #provider!: Provider;
  #server!: Server;

  /** `consents`: UUIDs of collections that a login may consent to. */
  static async start(consents: readonly string[] = []): Promise<Cloud> {
    const cloud = new Cloud();
    const { key, cert } = cloud.#certificate();
    cloud.#server = createServer({ key, cert }, (request, response) => void cloud.#answer(request, response));
    await new Promise<void>((resolve) => cloud.#server.listen(0, "127.0.0.1", resolve));
    cloud.base = `https://localhost:${(cloud.#server.address() as AddressInfo).port}`;
    cloud.agent = new Agent({ connect: { ca: cert } });
    cloud.#provider = cloud.#openId(consents);
    return cloud;
  }

  async stop(): Promise<void> {
    await this.agent.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** For NODE_EXTRA_CA_CERTS. */
  get certificate(): string {
    return join(this.folder, "cert.pem");
  }

  /** A new collection. */
  collection(
    folder: string = join(this.folder, randomUUID()),
    id: string = randomUUID(),
  ): { id: string; folder: string } {
    mkdirSync(folder, { recursive: true });
    this.#collections.set(id, folder);
    return { id, folder };
  }

  /** What a user's browser does with the address of a login. Returns the code that it shows at the end. */
  async browse(url: string): Promise<string> {
    const cookies = new Map<string, string>();
    for (let place = url; ; ) {
      const code = new URL(place).searchParams.get("code");
      if (code !== null) return code;
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(place, { dispatcher: this.agent, redirect: "manual", headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
        cookies.set(name, value);
      }
      const next = response.headers.get("location");
      if (next === null) throw new Error(`${place}: ${response.status} ${await response.text()}`);
      place = new URL(next, place).href;
    }
  }

  /** Access tokens that it no longer takes. */
  async forget(token: string): Promise<void> {
    await (await this.#provider.AccessToken.find(token))?.destroy();
    await (await this.#provider.ClientCredentials.find(token))?.destroy();
  }

  async knows(refresh: string): Promise<boolean> {
    return (await this.#provider.RefreshToken.find(refresh)) !== undefined;
  }

  #certificate(): { key: Buffer; cert: Buffer } {
    const [key, cert] = [join(this.folder, "key.pem"), this.certificate];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...names], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  #openId(consents: readonly string[]): Provider {
    const scopes = [SCOPE, ...consents.map((id) => `${SCOPE}[*https://auth.globus.org/scopes/${id}/data_access]`)];
    const provider = new Provider(this.base, {
      clients: [
        {
          client_id: CLIENT,
          token_endpoint_auth_method: "none",
          redirect_uris: [`${this.base}/v2/web/auth-code`],
          grant_types: ["authorization_code", "refresh_token"],
          scope: scopes.join(" "),
        },
        {
          client_id: SERVICE.id,
          client_secret: SERVICE.secret,
          redirect_uris: [],
          response_types: [],
          grant_types: ["client_credentials"],
          scope: scopes.join(" "),
        },
      ],
      scopes,
      extraParams: ["access_type"],
      pkce: { required: () => true },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        revocation: { enabled: true, allowedPolicy: async () => true },
      },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({ clientId: CLIENT, accountId: "user" });
        grant.addOIDCScope(String(oidc.params?.["scope"]));
        await grant.save();
        return grant;
      },
      cookies: { keys: ["of this test"] },
      ttl: {
        AccessToken: 3_600,
        ClientCredentials: 3_600,
        RefreshToken: 86_400,
        Grant: 86_400,
        Session: 3_600,
        Interaction: 3_600,
        IdToken: 3_600,
      },
    });
    return provider;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url as string, this.base);
    if (url.pathname.startsWith("/interaction/")) {
      return await this.#provider.interactionFinished(request, response, { login: { accountId: "user" } });
    }
    if (!url.pathname.startsWith("/v0.10/")) return void this.#provider.callback()(request, response);
    const path = url.pathname.slice("/v0.10".length);
    const what = `${request.method} ${path.replace(/[0-9a-f-]{36}/, "ID")}`;
    this.requests.push(what);
    const body = Buffer.concat(await request.toArray()).toString();
    if (this.hinder(what, response)) return;
    const [status, answer] = await this.#transfer(what, url, path, body, request.headers.authorization ?? "");
    if (this.lose.delete(response)) return void response.destroy();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  async #transfer(what: string, url: URL, path: string, body: string, bearer: string): Promise<[number, object]> {
    const value = bearer.replace(/^Bearer /, "");
    const token =
      (await this.#provider.AccessToken.find(value)) ?? (await this.#provider.ClientCredentials.find(value));
    if (token === undefined || !token.scope?.includes(SCOPE)) {
      return [401, { code: "AuthenticationFailed", message: "Token is not active" }];
    }
    const id = /[0-9a-f-]{36}/.exec(path)?.[0] ?? "";
    switch (what) {
      case "GET /submission_id":
        return [200, { DATA_TYPE: "submission_id", value: randomUUID() }];
      case "GET /operation/endpoint/ID/stat":
        return this.#stat(id, url.searchParams.get("path") as string, token.scope);
      case "POST /transfer":
        return this.#submit(JSON.parse(body) as Submitted);
      case "GET /task/ID":
        return [200, this.#poll(id)];
      case "POST /task/ID/cancel":
        Object.assign(this.tasks.get(id)?.task ?? {}, { status: "FAILED" });
        return [200, { DATA_TYPE: "result", code: "Canceled", message: "The task has been cancelled successfully." }];
      case "GET /task/ID/event_list":
        return [
          200,
          { DATA_TYPE: "event_list", DATA: [{ code: "PROGRESS", is_error: false, details: "" }, ...this.events] },
        ];
      default:
        return [404, { code: "ClientError.NotFound", message: `no resource ${path}` }];
    }
  }

  /** Errors of tasks. */
  events: object[] = [];

  #stat(id: string, path: string, scope: string): [number, object] {
    const folder = this.#collections.get(id);
    if (folder === undefined) return [404, { code: "EndpointNotFound", message: `No such endpoint '${id}'` }];
    const consent = `https://auth.globus.org/scopes/${id}/data_access`;
    if (this.guarded.has(id) && !scope.includes(consent)) {
      const required_scopes = [`${SCOPE}[*${consent}]`];
      return [403, { code: "ConsentRequired", message: "Missing required data_access consent", required_scopes }];
    }
    const found = statSync(join(folder, path), { throwIfNoEntry: false });
    if (found === undefined) return [404, { code: "NotFound", message: `Path not found: '${path}'` }];
    const [type, time] = [found.isDirectory() ? "dir" : "file", found.mtime.toISOString()];
    return [200, { DATA_TYPE: "file", name: path, type, size: found.size, last_modified: time }];
  }

  #submit(document: Submitted): [number, object] {
    const known = [...this.tasks].find(([, each]) => each.document.submission_id === document.submission_id);
    const task_id = known?.[0] ?? randomUUID();
    if (known === undefined) {
      const task = {
        DATA_TYPE: "task",
        task_id,
        status: "ACTIVE",
        nice_status: "Queued",
        bytes_transferred: 0,
        fatal_error: null,
      };
      this.tasks.set(task_id, { document, task, polls: 0 });
    }
    return [202, { DATA_TYPE: "transfer_result", code: known ? "Duplicate" : "Accepted", task_id, message: "" }];
  }

  #poll(id: string): object {
    const known = this.tasks.get(id);
    if (known === undefined) return { status: "FAILED" };
    const said = this.progress(++known.polls);
    if (said === null && known.task["status"] === "ACTIVE") this.#copy(known.document);
    return Object.assign(known.task, said ?? { status: "SUCCEEDED", nice_status: null });
  }

  #copy({ source_endpoint: from, destination_endpoint: to, DATA }: Submitted): void {
    for (const { source_path, destination_path } of DATA) {
      const target = join(this.#collections.get(to) as string, destination_path);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(this.#collections.get(from) as string, source_path), target);
    }
  }
}
