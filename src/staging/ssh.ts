/** Connections to SSH servers: who we are, and whether the server is who it should be. */

import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type {
  AnyAuthMethod,
  AuthenticationType,
  Client,
  ConnectConfig,
  ServerHostKeyAlgorithm,
  SFTPWrapper,
} from "ssh2";
import type { HeddleError } from "../errors.ts";
import { fileError } from "./errors.ts";
import { fingerprintOf, type KnownKeys, knownKeys, userFile } from "./known-hosts.ts";
import { loginOf } from "./netrc.ts";

const KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];
const READY_MS = 30_000;

/** The types of a key in known_hosts, as they are agreed on. */
const algorithms: Record<string, ServerHostKeyAlgorithm[]> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

export interface Connection {
  readonly sftp: SFTPWrapper;
  /** While nobody uses it, the process may end. */
  readonly socket: Socket;
  end(): void;
}

/** Throws ERR_FILE_HOST, ERR_FILE_CREDENTIALS, and what the network does. `onEnd`: it cannot be used any more. */
export async function connectTo(url: URL, onEnd: () => void): Promise<Connection> {
  const { Client, utils } = (await import("ssh2")).default;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? 22 : Number(url.port);
  const who = identityOf(url, (text) => !(utils.parseKey(text) instanceof Error));
  const known = knownKeys(host, port); // Both may throw: nothing is open yet.
  const socket = connect({ host, port });
  const client = new Client();
  let refusal: HeddleError | null = null;
  const config: ConnectConfig = {
    sock: socket,
    username: who.user,
    authHandler: who.methods as unknown as AuthenticationType[],
    readyTimeout: READY_MS,
    keepaliveInterval: 20_000,
    hostVerifier: (key: Buffer) => {
      refusal = refusalOf(url, host, port, key, known);
      return refusal === null;
    },
    algorithms: { serverHostKey: preferred(known) },
  };
  try {
    const sftp = await opened(client, socket, config);
    client.on("close", onEnd).on("error", onEnd);
    return { sftp, socket, end: () => client.end() };
  } catch (error) {
    client.destroy();
    socket.destroy();
    if (refusal !== null) throw refusal;
    if ((error as { level?: string }).level !== "client-authentication") throw error;
    const hint = `${who.tried}; credentials are taken from the URL (sftp://user:password@host/), ~/.netrc, the agent (SSH_AUTH_SOCK) and ~/.ssh/{${KEYS}}`;
    throw fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${host} does not let ${who.user} in`, hint, error);
  }
}

function opened(client: Client, socket: Socket, config: ConnectConfig): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    client.on("error", reject);
    client.once("close", () => reject(new Error("the connection was closed")));
    client.once("ready", () => client.sftp((error, sftp) => (error === undefined ? resolve(sftp) : reject(error))));
    client.connect(config);
  });
}

/** First those of the keys that we know, so that a host with several shows one of them. */
function preferred({ keys }: KnownKeys): {
  remove: ServerHostKeyAlgorithm[];
  prepend: ServerHostKeyAlgorithm[];
  append: [];
} {
  const first = [...new Set([...keys.values()].flatMap((type) => algorithms[type] ?? []))];
  return { remove: first, prepend: first, append: [] };
}

/** Null: it may be trusted. */
function refusalOf(url: URL, host: string, port: number, key: Buffer, known: KnownKeys): HeddleError | null {
  const shown = key.toString("base64");
  const length = key.readUInt32BE(0);
  const what = `${key.toString("latin1", 4, 4 + length)} ${fingerprintOf(key)}`;
  const name = port === 22 ? host : `[${host}]:${port}`;
  if (known.revoked.has(shown)) {
    const hint = "ask who runs the server; the key is marked @revoked in known_hosts";
    return fileError("ERR_FILE_HOST", url, `is not asked for: ${name} shows a key that was revoked, ${what}`, hint);
  }
  if (known.keys.has(shown)) return null;
  if (known.keys.size === 0) {
    const hint = `compare it with what those who run the server publish, then: ssh-keyscan -p ${port} ${host} >> ${userFile()}`;
    return fileError("ERR_FILE_HOST", url, `is not asked for: ${name} is not in ${userFile()}; it shows ${what}`, hint);
  }
  const types = [...new Set(known.keys.values())].join(", ");
  const hint = `another machine may pretend to be it; if the key was replaced on purpose: ssh-keygen -R '${name}', then ssh-keyscan -p ${port} ${host} >> ${userFile()}`;
  const other = `is not asked for: ${name} shows ${what}, and known_hosts has another key for it (${types})`;
  return fileError("ERR_FILE_HOST", url, other, hint);
}

interface Identity {
  user: string;
  methods: AnyAuthMethod[];
  /** For people. */
  tried: string;
}

function identityOf(url: URL, isUsable: (key: Buffer) => boolean): Identity {
  const login = loginOf(url);
  const username = login?.user || userInfo().username;
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  const agent = process.env["SSH_AUTH_SOCK"];
  if (agent) {
    methods.push({ type: "agent", username, agent });
    tried.push("the agent");
  }
  for (const path of KEYS.map((name) => join(homedir(), ".ssh", name)).filter(existsSync)) {
    const key = readFileSync(path);
    if (isUsable(key)) methods.push({ type: "publickey", username, key });
    tried.push(isUsable(key) ? path : `${path} was left out, since it has a passphrase: ssh-add ${path}`);
  }
  const password = login?.password ?? "";
  if (password !== "") {
    methods.push({ type: "password", username, password });
    tried.push("the password");
  }
  const none = { type: "none", username } as const;
  return {
    user: username,
    methods: [none, ...methods],
    tried: tried.length === 0 ? "nothing to show was found" : `tried: ${tried.join(", ")}`,
  };
}
