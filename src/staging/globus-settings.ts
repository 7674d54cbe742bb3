/** What Globus transfers need to know, and the connections that they use. */

import { homedir } from "node:os";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import { HeddleError } from "../errors.ts";

export interface GlobusSettings {
  /** Of the app that this installation has registered; null: that of the login. */
  readonly clientId: string | null;
  /** Of a service, which then acts for itself and not for a user; null: a user has logged in. */
  readonly clientSecret: string | null;
  /** The OpenID provider, and the base of the Transfer API, without "/" at the end. */
  readonly auth: string;
  readonly transfer: string;
  /** The file of logins. */
  readonly tokens: string;
  /** The collection that sees `folder` of this machine as `path`; null: not told. */
  readonly collection: string | null;
  readonly folder: string | null;
  readonly path: string;
  /** Before the first question how a transfer goes; the pauses get longer. */
  readonly pollMs: number;
}

export function globusSettings(): GlobusSettings {
  const folder = process.env["HEDDLE_GLOBUS_FOLDER"] || null;
  const config = process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
  return {
    clientId: process.env["HEDDLE_GLOBUS_CLIENT_ID"] || null,
    clientSecret: process.env["HEDDLE_GLOBUS_CLIENT_SECRET"] || null,
    auth: baseOf("HEDDLE_GLOBUS_AUTH", process.env["HEDDLE_GLOBUS_AUTH"] || "https://auth.globus.org"),
    transfer: baseOf(
      "HEDDLE_GLOBUS_TRANSFER",
      process.env["HEDDLE_GLOBUS_TRANSFER"] || "https://transfer.api.globus.org/v0.10",
    ),
    tokens: join(config, "heddle", "globus.json"),
    collection: process.env["HEDDLE_GLOBUS_COLLECTION"]?.toLowerCase() || null,
    folder,
    path: process.env["HEDDLE_GLOBUS_PATH"] || folder || "/",
    pollMs: 300,
  };
}

/** Tokens are sent there: never in the clear. */
function baseOf(name: string, text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === "https:") return text.replace(/\/+$/, "");
  throw new HeddleError("ERR_CONFIG", `${name} is "${text}".`, "give an address that begins with https://");
}

/** Connections to the services. Proxies as curl has them: HTTPS_PROXY, NO_PROXY. */
export class Connections {
  #kept: Dispatcher | null;

  /** @param kept - In place of its own. */
  constructor(kept: Dispatcher | null = null) {
    this.#kept = kept;
  }

  readonly fetch = async (url: string, options: object): Promise<Response> => {
    const { EnvHttpProxyAgent, fetch } = (await import("undici")).default;
    this.#kept ??= new EnvHttpProxyAgent();
    return (await fetch(url, { ...options, dispatcher: this.#kept } as never)) as unknown as Response;
  };

  async close(): Promise<void> {
    const open = this.#kept;
    this.#kept = null;
    await open?.close();
  }
}
