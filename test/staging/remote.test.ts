/** Promises about files on servers: whatever the protocol, with real servers. */

import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HeddleError } from "../../src/errors.ts";
import { hashOf } from "../../src/staging/disk.ts";
import { file } from "../../src/staging/file.ts";
import { defaultStaging } from "../../src/staging/settings.ts";
import { Stager } from "../../src/staging/stager.ts";
import { type FileServer, startCutting, startFtp, startSshd } from "../helpers/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-remote-"));
const home = join(folder, "home");
const before = { ...process.env };

let sshd: Awaited<ReturnType<typeof startSshd>>;
let ftp: Awaited<ReturnType<typeof startFtp>>;
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
  for (const name of ["home/.ssh", "sshd", "ftp"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  [sshd, ftp] = await Promise.all([startSshd(join(folder, "sshd"), home), startFtp(join(folder, "ftp"))]);
  writeFileSync(join(home, ".ssh", "known_hosts"), `# ours\n${sshd.knownHost}`);
  writeFileSync(join(home, ".netrc"), "machine 127.0.0.1 login someone password secret\n", { mode: 0o600 });
});

afterAll(async () => {
  await Promise.all([sshd, ftp].map((server) => server?.stop()));
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
  server: () => FileServer;
  url: (path: string) => string;
}

const user = (): string => process.env["USER"] ?? "root";
const kinds: Kind[] = [
  { name: "ftp", server: () => ftp, url: (path) => `ftp://127.0.0.1:${ftp.port}/${path}` },
  { name: "sftp", server: () => sshd, url: (path) => `sftp://${user()}@127.0.0.1:${sshd.port}${sshd.root}/${path}` },
];

describe.each(kinds)("$name", ({ server, url }) => {
  const put = (path: string, content: string | Buffer): string => {
    const full = join(server().root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
    return url(path.split("/").map(encodeURIComponent).join("/"));
  };

  test("a file is brought, under its name, and again only when it changed", async () => {
    const content = randomBytes(300_000);
    const there = put("a/two words # ü.bin", content);
    const path = await stager.stageIn(file(there));
    expect(path.endsWith("/two words # ü.bin")).toBe(true);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(await stagerWith().stageIn(file(there))).toBe(path);
    put("a/two words # ü.bin", "other");
    expect(readFileSync(await stagerWith().stageIn(file(there)), "utf8")).toBe("other");
    expect(readFileSync(await stager.stageIn(file(put("empty", "")))).length).toBe(0);
  });

  test("a file is brought to its place, in folders that are made for it, and replaces what was there", async () => {
    const [from, to] = [join(cache, "from"), url("b/c/to")];
    for (const content of [randomBytes(300_000), Buffer.from("second")]) {
      writeFileSync(from, content);
      await stager.stageOut(from, to);
      expect(readFileSync(join(server().root, "b/c/to")).equals(content)).toBe(true);
    }
  });

  test("what is missing, and what is not what it should be, is told", async () => {
    const missing = await failure(stager.stageIn(file(url("no/such"))));
    expect(missing).toMatchObject({ code: "ERR_FILE_NOT_FOUND" });
    expect(missing.message).toContain("no/such");
    const there = put("checked", "content");
    const sum = await failure(stager.stageIn(file(there, { sha256: "0".repeat(64) })));
    expect(sum).toMatchObject({ code: "ERR_FILE_CHECKSUM" });
    expect(await failure(stager.stageIn(file(there, { size: 8 })))).toMatchObject({ code: "ERR_FILE_TRUNCATED" });
  });

  test("an attempt goes on where the one before it ended", async () => {
    const content = randomBytes(100_000);
    const there = put("long", content);
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

test("a connection that breaks is taken up again", async () => {
  const content = randomBytes(2_000_000);
  writeFileSync(join(sshd.root, "cut"), content);
  const proxy = await startCutting(sshd.port, 2, 600_000);
  appendFileSync(join(home, ".ssh", "known_hosts"), sshd.knownHost.replace(`:${sshd.port}`, `:${proxy.port}`));
  const path = await stager.stageIn(file(`sftp://${user()}@127.0.0.1:${proxy.port}${sshd.root}/cut`));
  expect(readFileSync(path).equals(content)).toBe(true);
  await stager.close();
  await proxy.stop();
});

test("a login that is refused tells where credentials are looked for", async () => {
  const wrong = await failure(stager.stageIn(file(`ftp://someone:wrong@127.0.0.1:${ftp.port}/x`)));
  expect(wrong).toMatchObject({ code: "ERR_FILE_CREDENTIALS", hint: expect.stringContaining(".netrc") });
  expect(wrong.message).not.toContain("wrong");
  const noKey = await failure(stager.stageIn(file(`sftp://nobody@127.0.0.1:${sshd.port}/x`)));
  expect(noKey).toMatchObject({ code: "ERR_FILE_CREDENTIALS", hint: expect.stringContaining("id_ed25519") });
  const readOnly = `ftp://guest:secret@127.0.0.1:${ftp.port}/new`;
  writeFileSync(join(cache, "from"), "x");
  expect(await failure(stager.stageOut(join(cache, "from"), readOnly))).toHaveProperty("code");
  expect(existsSync(join(ftp.root, "new"))).toBe(false);
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
