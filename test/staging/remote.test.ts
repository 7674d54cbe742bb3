/** Promises about files on servers: whatever the protocol, with real servers. */

import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HeddleError } from "../../src/errors.ts";
import { copiesIn, makeRoom } from "../../src/staging/cache.ts";
import { hashOf } from "../../src/staging/disk.ts";
import { file } from "../../src/staging/file.ts";
import { upload } from "../../src/staging/s3.ts";
import { defaultStaging } from "../../src/staging/settings.ts";
import { Stager } from "../../src/staging/stager.ts";
import { cli, run } from "../helpers/run.ts";
import {
  type FileServer,
  startCutting,
  startFtp,
  startNginx,
  startS3,
  startSshd,
  startStalling,
} from "../helpers/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-remote-"));
const home = join(folder, "home");
const before = { ...process.env };

let sshd: Awaited<ReturnType<typeof startSshd>>;
let ftp: Awaited<ReturnType<typeof startFtp>>;
let nginx: FileServer;
let s3: FileServer;
let cache = "";
let stager: Stager;

function stagerWith(changes: object = {}): Stager {
  return new Stager({ ...defaultStaging(), cache, retries: 2, backoffMs: 1, ...changes });
}

async function failure(work: Promise<unknown>): Promise<HeddleError> {
  return await work.then(
    (value) => expect.fail(`it gave ${value}`),
    (error) => error,
  );
}

beforeAll(async () => {
  process.env["HOME"] = home;
  delete process.env["SSH_AUTH_SOCK"];
  delete process.env["NETRC"];
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  for (const name of ["home/.ssh", "home/.aws"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  const of = (name: string): string => (mkdirSync(join(folder, name)), join(folder, name));
  [sshd, ftp, nginx, s3] = await Promise.all([
    startSshd(of("sshd"), home),
    startFtp(of("ftp")),
    startNginx(of("nginx")),
    startS3(of("s3")),
  ]);
  const credentials = "[default]\naws_access_key_id = S3RVER\naws_secret_access_key = S3RVER\n";
  writeFileSync(join(home, ".aws", "credentials"), credentials);
  process.env["AWS_ENDPOINT_URL"] = `http://127.0.0.1:${s3.port}`;
  writeFileSync(join(home, ".ssh", "known_hosts"), `# ours\n${sshd.knownHost}`);
  writeFileSync(join(home, ".netrc"), "machine 127.0.0.1 login someone password secret\n", { mode: 0o600 });
});

afterAll(async () => {
  await Promise.all([sshd, ftp, nginx, s3].map((server) => server?.stop()));
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  cache = mkdtempSync(join(folder, "cache-"));
  stager = stagerWith();
  return async () => await stager.close();
});

interface Kind {
  name: string;
  url: (path: string) => string;
  put: (path: string, content: string | Buffer) => Promise<void>;
  get: (path: string) => Promise<Buffer>;
}

/** A server whose files are those of a folder. */
function ofFolder(name: string, server: () => FileServer, url: (path: string) => string): Kind {
  return {
    name,
    url,
    put: async (path, content) => {
      const full = join(server().root, path);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, content);
    },
    get: async (path) => readFileSync(join(server().root, path)),
  };
}

const user = (): string => userInfo().username;
const s3url = (path: string): string => `s3://bucket/${path}`;
const kinds: Kind[] = [
  ofFolder(
    "http",
    () => nginx,
    (path) => `http://127.0.0.1:${nginx.port}/${path}`,
  ),
  ofFolder(
    "ftp",
    () => ftp,
    (path) => `ftp://127.0.0.1:${ftp.port}/${path}`,
  ),
  ofFolder(
    "sftp",
    () => sshd,
    (path) => `sftp://${user()}@127.0.0.1:${sshd.port}${sshd.root}/${path}`,
  ),
  {
    name: "s3",
    url: s3url,
    put: async (path, content) => {
      writeFileSync(join(folder, "to-s3"), content);
      await stager.stageOut(join(folder, "to-s3"), s3url(encodeURI(path).replaceAll("#", "%23")));
    },
    get: async (path) => readFileSync(await stagerWith().stageIn(file(s3url(path)))),
  },
];

describe.each(kinds)("$name", ({ url, put, get }) => {
  const placed = async (path: string, content: string | Buffer): Promise<string> => {
    await put(path, content);
    return url(path.split("/").map(encodeURIComponent).join("/"));
  };

  test("a file is brought, under its name, and again only when it changed", async () => {
    const content = randomBytes(300_000);
    const there = await placed("a/two words # ü.bin", content);
    const path = await stager.stageIn(file(there));
    expect(path.endsWith("/two words # ü.bin")).toBe(true);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(await stagerWith().stageIn(file(there))).toBe(path);
    await put("a/two words # ü.bin", "other");
    expect(readFileSync(await stagerWith().stageIn(file(there)), "utf8")).toBe("other");
    expect(readFileSync(await stager.stageIn(file(await placed("empty", "")))).length).toBe(0);
  });

  test("a file is brought to its place, in folders that are made for it, and replaces what was there", async () => {
    const [from, to] = [join(cache, "from"), url("b/c/to")];
    for (const content of [randomBytes(300_000), Buffer.from("second"), Buffer.alloc(0)]) {
      writeFileSync(from, content);
      await stager.stageOut(from, to);
      expect((await get("b/c/to")).equals(content)).toBe(true);
    }
  });

  test("what is missing, and what is not what it should be, is told", async () => {
    const missing = await failure(stager.stageIn(file(url("no/such"))));
    expect(missing).toMatchObject({ code: "ERR_FILE_NOT_FOUND" });
    expect(missing.message).toContain("no/such");
    const there = await placed("checked", "content");
    const sum = await failure(stager.stageIn(file(there, { sha256: "0".repeat(64) })));
    expect(sum).toMatchObject({ code: "ERR_FILE_CHECKSUM" });
    expect(await failure(stager.stageIn(file(there, { size: 8 })))).toMatchObject({ code: "ERR_FILE_TRUNCATED" });
  });

  test("an attempt goes on where the one before it ended", async () => {
    const content = randomBytes(100_000);
    const there = await placed("long", content);
    const part = join(cache, "parts", hashOf(there));
    await stager.stageIn(file(there));
    const { version } = JSON.parse(readFileSync(join(cache, "urls", `${hashOf(there)}.json`), "utf8"));
    rmSync(join(cache, "urls"), { recursive: true });
    writeFileSync(part, "x".repeat(50_000));
    writeFileSync(`${part}.json`, JSON.stringify({ version }));
    const got = readFileSync(await stagerWith().stageIn(file(there)));
    expect(got.equals(Buffer.concat([Buffer.from("x".repeat(50_000)), content.subarray(50_000)]))).toBe(true);
  });
});

describe("a connection that breaks", () => {
  const content = randomBytes(2_000_000);

  test.each(["http", "sftp"])("is taken up again: %s", async (scheme) => {
    const server = scheme === "http" ? nginx : sshd;
    writeFileSync(join(server.root, "cut"), content);
    const proxy = await startCutting(server.port, 2, 600_000);
    appendFileSync(join(home, ".ssh", "known_hosts"), sshd.knownHost.replace(`:${sshd.port}`, `:${proxy.port}`));
    const where = scheme === "http" ? "" : sshd.root;
    const path = await stager.stageIn(file(`${scheme}://${user()}@127.0.0.1:${proxy.port}${where}/cut`));
    expect(readFileSync(path).equals(content)).toBe(true);
    await stager.close();
    await proxy.stop();
    if (scheme === "http") expect(requests("GET /cut ")).toEqual(["200", "206", "206"]);
  });

  test("every time is an error, and the next program goes on from there", async () => {
    writeFileSync(join(nginx.root, "broken"), content);
    const proxy = await startCutting(nginx.port, 3, 400_000);
    const there = file(`http://127.0.0.1:${proxy.port}/broken`);
    const broken = await failure(stager.stageIn(there));
    expect(broken).toMatchObject({ code: "ERR_FILE_TRANSFER", message: expect.stringContaining("3 attempts") });
    expect(readFileSync(await stagerWith().stageIn(there)).equals(content)).toBe(true);
    await proxy.stop();
    expect(requests("GET /broken ")).toEqual(["200", "206", "206", "206"]);
  });
});

test("an upload that does not move is given up and begun again, but not for ever, on servers of every kind", async () => {
  const content = randomBytes(6_000_000);
  writeFileSync(join(cache, "from"), content);
  const servers = { http: nginx, sftp: sshd, ftp, s3 };
  const hindered = async (name: string, times: number, retries: number): Promise<PromiseSettledResult<void>[]> => {
    const impatient = stagerWith({ stallMs: 1_000, retries });
    const proxies: FileServer[] = [];
    const uploads = Object.entries(servers).map(async ([scheme, server]) => {
      // Of FTP only what is said about a file goes this way.
      const proxy = await startStalling(server.port, times, scheme === "ftp" ? 500 : 100_000);
      proxies.push(proxy);
      appendFileSync(join(home, ".ssh", "known_hosts"), sshd.knownHost.replace(`:${sshd.port}`, `:${proxy.port}`));
      if (scheme === "s3") process.env["AWS_ENDPOINT_URL"] = `http://127.0.0.1:${proxy.port}`;
      const host = scheme === "s3" ? "bucket" : `${scheme === "sftp" ? `${user()}@` : ""}127.0.0.1:${proxy.port}`;
      await impatient.stageOut(join(cache, "from"), `${scheme}://${host}${scheme === "sftp" ? sshd.root : ""}/${name}`);
    });
    const ends = await Promise.allSettled(uploads);
    await impatient.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    process.env["AWS_ENDPOINT_URL"] = `http://127.0.0.1:${s3.port}`;
    return ends;
  };
  for (const end of await hindered("moved", 1, 3)) expect(end).toMatchObject({ status: "fulfilled" });
  for (const { get } of kinds) expect((await get("moved")).equals(content)).toBe(true);
  const message = expect.stringContaining("1 attempts; the last one: Error: no byte moved for 1 s");
  const stuck = { status: "rejected", reason: expect.objectContaining({ code: "ERR_FILE_TRANSFER", message }) };
  expect(await hindered("stuck", 100, 0)).toEqual([stuck, stuck, stuck, stuck]);
});

/** Statuses of what nginx was asked so. */
function requests(what: string): string[] {
  const lines = readFileSync(join(folder, "nginx/access"), "utf8").split("\n");
  return lines.filter((line) => line.includes(`"${what}`)).map((line) => /" (\d+) /.exec(line)?.[1] as string);
}

test("what does not fit is told before it is fetched", async () => {
  writeFileSync(join(nginx.root, "huge"), "");
  truncateSync(join(nginx.root, "huge"), 2 ** 43);
  const huge = await failure(stager.stageIn(file(`http://127.0.0.1:${nginx.port}/huge`)));
  expect(huge).toMatchObject({ code: "ERR_FILE_SPACE", message: expect.stringContaining(`needs ${2 ** 43} bytes`) });
});

test("the cache keeps to its size: what was used longest ago goes, but nothing that a running program used", async () => {
  const urls = ["old", "new"].map((name) => `http://127.0.0.1:${nginx.port}/${name}`);
  for (const name of ["old", "new"]) writeFileSync(join(nginx.root, name), name.repeat(10_000));
  const [old = "", recent = ""] = await Promise.all(
    urls.map((url) => stagerWith({ cacheBytes: 1 }).stageIn(file(url))),
  );
  expect([old, recent].map((path) => existsSync(path))).toEqual([true, true]);
  const files = async (...words: string[]): Promise<string> => {
    const ended = await run([process.execPath, cli, "cache", "files", ...words, "--path", cache], {});
    expect(ended).toMatchObject({ code: 0 });
    return ended.stdout;
  };
  const none = await run([process.execPath, cli, "cache", "files", "--path", join(cache, "none")], {});
  expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining("There are no copies") });
  expect(await files("rm", "--all")).toContain("0 copies removed, 0 B; 2 stay");
  rmSync(join(cache, "users"), { recursive: true }); // As if the programs had ended.
  utimesSync(dirname(old), 1, 1);
  expect(await copiesIn(cache)).toMatchObject([{ bytes: 30_000 }, { bytes: 30_000 }]);
  expect(await makeRoom(cache, 40_000)).toBe(30_000);
  expect([old, recent].map((path) => existsSync(path))).toEqual([false, true]);
  expect(await files("rm", "new")).toBe("1 copies removed, 29.3 KiB\n");
});

const program = `
import { readFileSync } from "node:fs";
import { app, file, run } from "heddle";
const sizeOf = app("sizeOf", (path: string) => readFileSync(path).length);
run(async () => {
  const sizes = await Promise.all(process.argv.slice(2).map((url) => sizeOf(file(url))));
  console.log(sizes.join(" "));
});
`;

test("programs at the same time bring a file once, from servers of every kind", async () => {
  const name = join(folder, "program.ts");
  writeFileSync(name, program);
  const sizes = kinds.map((_, k) => 50_000 + k);
  await Promise.all(kinds.map((kind, k) => kind.put("common", randomBytes(sizes[k] as number))));
  writeFileSync(join(ftp.root, "secret"), randomBytes(60_000));
  const urls = [...kinds.map((kind) => kind.url("common")), `ftps://localhost:${ftp.port}/secret`];
  appendFileSync(join(home, ".netrc"), "machine localhost login someone password secret\n");
  const env = { HEDDLE_STAGING_CACHE: cache, NODE_EXTRA_CA_CERTS: ftp.certificate };
  const both = await Promise.all(
    [
      ["--workers", "1"],
      ["-n", "2", "--workers", "1"],
    ].map((how) => run([process.execPath, cli, "run", ...how, name, ...urls], { env })),
  );
  for (const ended of both) expect(ended).toMatchObject({ code: 0, stdout: `${sizes.join(" ")} 60000\n` });
  expect(requests("GET /common ")).toEqual(["200"]);
});

test("a login that is refused tells where credentials are looked for", async () => {
  const wrong = await failure(stager.stageIn(file(`ftp://someone:wrong@127.0.0.1:${ftp.port}/x`)));
  expect(wrong).toMatchObject({ code: "ERR_FILE_CREDENTIALS", hint: expect.stringContaining(".netrc") });
  expect(wrong.message).not.toContain("wrong");
  const closed = file(`http://127.0.0.1:${nginx.port}/private/x`);
  mkdirSync(join(nginx.root, "private"));
  writeFileSync(join(nginx.root, "private/x"), "for someone");
  expect(readFileSync(await stager.stageIn(closed), "utf8")).toBe("for someone"); // With what netrc has.
  process.env["NETRC"] = "/dev/null";
  const none = await failure(stagerWith().stageIn(closed));
  delete process.env["NETRC"];
  expect(none).toMatchObject({ code: "ERR_FILE_CREDENTIALS", message: expect.stringContaining("HTTP 401") });
  const noKey = await failure(stager.stageIn(file(`sftp://nobody@127.0.0.1:${sshd.port}/x`)));
  expect(noKey).toMatchObject({ code: "ERR_FILE_CREDENTIALS", hint: expect.stringContaining("id_ed25519") });
  process.env["AWS_ACCESS_KEY_ID"] = process.env["AWS_SECRET_ACCESS_KEY"] = "nobody";
  const unknown = await failure(stager.stageIn(file(s3url("x"))));
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) delete process.env[name];
  expect(unknown).toMatchObject({ code: "ERR_FILE_CREDENTIALS", hint: expect.stringContaining("AWS_PROFILE") });
  const readOnly = `ftp://guest:secret@127.0.0.1:${ftp.port}/new`;
  writeFileSync(join(cache, "from"), "x");
  expect(await failure(stager.stageOut(join(cache, "from"), readOnly))).toHaveProperty("code");
  expect(existsSync(join(ftp.root, "new"))).toBe(false);
});

test("of a large file the object in S3 appears when its last part is there", async () => {
  const content = randomBytes(11_000_000);
  const from = join(cache, "large");
  writeFileSync(from, content);
  await upload(from, new URL(s3url("large")), new AbortController().signal, () => {}, 5 * 2 ** 20);
  expect(readFileSync(await stager.stageIn(file(s3url("large")))).equals(content)).toBe(true);
});

test("a host that is not known, or shows another key, is told with its key and what to do", async () => {
  const known = join(home, ".ssh", "known_hosts");
  const ours = readFileSync(known, "utf8");
  const url = `sftp://${user()}@127.0.0.1:${sshd.port}/etc/hostname`;
  const [, type, key] = sshd.knownHost.trim().split(" ") as [string, string, string];
  writeFileSync(known, "");
  const unknown = await failure(stager.stageIn(file(url)));
  expect(unknown).toMatchObject({ code: "ERR_FILE_HOST", hint: expect.stringContaining("ssh-keyscan") });
  expect(unknown.message).toContain(`${type} SHA256:`);
  writeFileSync(known, sshd.knownHost.replace(key, `${key.slice(0, -4)}AAAA`));
  const other = await failure(stagerWith().stageIn(file(url)));
  expect(other).toMatchObject({ code: "ERR_FILE_HOST", hint: expect.stringContaining("ssh-keygen -R") });
  writeFileSync(known, ours);
});
