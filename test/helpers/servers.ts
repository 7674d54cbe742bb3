/** Real servers of files on loopback, each with a folder of its own. They end with the test. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PATH = `${process.env["PATH"]}:/usr/sbin:/sbin`; // Where servers are is on root's PATH alone.
const READY_WITHIN_MS = 20_000;

export interface FileServer {
  readonly port: number;
  /** What it serves. */
  readonly root: string;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

async function started(command: readonly string[], port: number, root: string): Promise<FileServer> {
  const words = ["--pdeathsig", "KILL", ...command];
  const child: ChildProcess = spawn("setpriv", words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (said += part));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for (const until = Date.now() + READY_WITHIN_MS; !(await isOpen(port)); await sleep(10)) {
    if (child.exitCode === null && Date.now() < until) continue;
    child.kill("SIGKILL");
    throw new Error(`${command.join(" ")} does not answer on port ${port}:\n${said}`);
  }
  return {
    port,
    root,
    async stop(): Promise<void> {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function folders(...parts: string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** sshd for who runs the test; it takes the key `home`/.ssh/id_ed25519, which is made. Returns its line for known_hosts too. */
export async function startSshd(folder: string, home: string): Promise<FileServer & { knownHost: string }> {
  const [port, root, keys] = [await freePort(), folders(folder, "files"), folders(home, ".ssh")];
  const make = (path: string): void => void execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  make(join(folder, "host"));
  make(join(keys, "id_ed25519"));
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true }); // Wanted by an sshd of root.
  const config = join(folder, "config");
  const lines = [
    `ListenAddress 127.0.0.1\nPort ${port}\nHostKey ${folder}/host\nPidFile none\nAuthorizedKeysFile ${keys}/id_ed25519.pub`,
    "StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no",
    "MaxStartups 100\nSubsystem sftp internal-sftp\n",
  ];
  writeFileSync(config, lines.join("\n"));
  const server = await started(["/usr/sbin/sshd", "-D", "-e", "-f", config], port, root);
  const [type, key] = readFileSync(join(folder, "host.pub"), "utf8").split(" ");
  return { ...server, knownHost: `[127.0.0.1]:${port} ${type} ${key}\n` };
}

/** ProFTPD; "someone" with the password "secret" may read and write, "guest" with the same only read. With TLS too. */
export async function startFtp(folder: string): Promise<FileServer & { certificate: string }> {
  const [port, root] = [await freePort(), folders(folder, "files")];
  const certificate = join(folder, "certificate.pem");
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    join(folder, "key.pem"),
  ];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...key, ...names, "-out", certificate], { stdio: "ignore" });
  const { uid, gid, username } = userInfo();
  const hash = execFileSync("openssl", ["passwd", "-1", "secret"]).toString().trim();
  const line = (name: string): string => `${name}:${hash}:${uid}:${gid}::${root}:/bin/sh\n`;
  writeFileSync(join(folder, "users"), line("someone") + line("guest"), { mode: 0o600 });
  const group = execFileSync("id", ["-gn"]).toString().trim();
  const lines = [
    "ModulePath /usr/lib/proftpd\nLoadModule mod_tls.c\nServerType standalone\nDefaultAddress 127.0.0.1",
    `Port ${port}\nUser ${username}\nGroup ${group}\nUseReverseDNS off\nRootLogin on\nRequireValidShell off\nDelayEngine off`,
    `AuthOrder mod_auth_file.c\nAuthUserFile ${folder}/users\nAllowOverwrite on\nAllowRetrieveRestart on\nMaxInstances 30`,
    `ScoreboardFile ${folder}/scoreboard\nPidFile ${folder}/pid\nWtmpLog off\nTransferLog none\nSystemLog ${folder}/log\nDefaultRoot ${root}`,
    `TLSEngine on\nTLSRequired off\nTLSRSACertificateFile ${certificate}\nTLSRSACertificateKeyFile ${folder}/key.pem\nTLSCACertificateFile ${certificate}`.replaceAll(
      "RSA",
      "EC",
    ),
    "<Limit WRITE>\n  DenyUser guest\n</Limit>\n",
  ];
  const config = join(folder, "config");
  writeFileSync(config, lines.join("\n"));
  return { ...(await started(["proftpd", "-n", "-q", "-c", config], port, root)), certificate };
}

/** nginx; /private needs "someone" and "secret", PUT writes. */
export async function startNginx(folder: string): Promise<FileServer> {
  const [port, root] = [await freePort(), folders(folder, "files")];
  const hash = execFileSync("openssl", ["passwd", "-apr1", "secret"]).toString();
  writeFileSync(join(folder, "users"), `someone:${hash}`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const lines = [
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log;`,
    `events {} http { access_log ${folder}/access; ${temporary.join(" ")}`,
    `server { listen 127.0.0.1:${port}; root ${root}; dav_methods PUT; create_full_put_path on; client_max_body_size 0;`,
    `location /private { auth_basic x; auth_basic_user_file ${folder}/users; } } }`,
  ];
  const config = join(folder, "config");
  writeFileSync(config, lines.join("\n"));
  return await started(["nginx", "-e", join(folder, "log"), "-p", folder, "-c", config], port, root);
}

/** s3rver, with the bucket "bucket"; key and secret are "S3RVER". */
export async function startS3(folder: string): Promise<FileServer> {
  const [port, root] = [await freePort(), folders(folder, "files")];
  const { default: S3rver } = await import("s3rver");
  const options = {
    port,
    address: "127.0.0.1",
    directory: root,
    silent: true,
    configureBuckets: [{ name: "bucket", configs: [] }],
  };
  const server = new S3rver(options);
  await server.run();
  return { port, root, stop: () => server.close() };
}

/** Passes on what is said to `port`, and cuts the first `times` connections after `bytes` bytes of answers. */
export async function startCutting(port: number, times: number, bytes: number): Promise<FileServer> {
  return await startHindering(port, times, (client) => {
    let passed = 0;
    return (length, answer) => {
      passed += answer ? length : 0;
      if (passed > bytes) client.destroy();
      return true;
    };
  });
}

/** Passes on what is said to `port`; of the first `times` connections nothing more once `bytes` bytes have gone there and back. */
export async function startStalling(port: number, times: number, bytes: number): Promise<FileServer> {
  return await startHindering(port, times, () => {
    let passed = 0;
    return (length) => {
      passed += length;
      return passed <= bytes;
    };
  });
}

/** @param hindrance - Of a connection: told of each part, may it pass? */
async function startHindering(
  port: number,
  times: number,
  hindrance: (client: Socket) => (length: number, answer: boolean) => boolean,
): Promise<FileServer> {
  let left = times;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(port, "127.0.0.1");
    const passes = left-- > 0 ? hindrance(client) : () => true;
    for (const socket of [client, behind]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => (client.destroy(), behind.destroy(), open.delete(socket)));
    }
    client.on("data", (part) => (passes(part.length, false) ? behind.write(part) : client.pause()));
    behind.on("data", (part) => (passes(part.length, true) ? client.write(part) : behind.pause()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, root: "", stop };
}
