// What a user of Globus types: a login, a program on ranks, a logout.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLIENT, Cloud } from "../helpers/globus.ts";
import { cli, run, start } from "../helpers/run.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(async () => await cloud.stop());

test("a login from the command line serves programs, until the logout", async () => {
  const [remote, local] = [cloud.collection(), cloud.collection()];
  const env = {
    NODE_EXTRA_CA_CERTS: cloud.certificate,
    XDG_CONFIG_HOME: join(cloud.folder, "config"),
    HEDDLE_STAGING_CACHE: join(cloud.folder, "cache"),
    HEDDLE_GLOBUS_CLIENT_ID: CLIENT,
    HEDDLE_GLOBUS_AUTH: cloud.base,
    HEDDLE_GLOBUS_TRANSFER: `${cloud.base}/v0.10/`,
    HEDDLE_GLOBUS_COLLECTION: local.id.toUpperCase(),
    HEDDLE_GLOBUS_FOLDER: local.folder,
    HEDDLE_GLOBUS_PATH: "/",
  };
  const heddle = [process.execPath, cli];
  const kept = join(env.XDG_CONFIG_HOME, "heddle", "globus.json");

  const login = start([...heddle, "login", "globus"], { env, stdin: "pipe" });
  const [url] = await login.output(/https:\S+/);
  login.child.stdin?.end(`${await cloud.browse(url)}\n`);
  expect(await login.ended).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(kept) });
  expect(statSync(kept).mode & 0o777).toBe(0o600);

  writeFileSync(join(remote.folder, "a b"), "from far away");
  const urls = [`globus://${remote.id}/a%20b`, `globus://${remote.id}/made/c`];
  const program = ["test/integration/programs/globus.js", ...urls];
  const ran = await run([...heddle, "run", ...program], { env });
  expect(ran).toMatchObject({ code: 0, stderr: "", stdout: `${urls[1]}\n` });
  expect(readFileSync(join(remote.folder, "made", "c"), "utf8")).toBe("from far away");

  expect(await run([...heddle, "logout", "globus"], { env })).toMatchObject({ code: 0, stdout: "Logged out.\n" });
  expect(existsSync(kept)).toBe(false);
});

test("what is no login is answered with what to type", async () => {
  const env = { HEDDLE_GLOBUS_CLIENT_ID: null, HEDDLE_GLOBUS_AUTH: cloud.base };
  const stranger = { HEDDLE_GLOBUS_CLIENT_ID: CLIENT, HEDDLE_GLOBUS_AUTH: cloud.base }; // Its certificate is not known.
  const [unknown, nobody, nowhere] = await Promise.all([
    run([process.execPath, cli, "login", "globsu"], { env }),
    run([process.execPath, cli, "login", "globus"], { env }),
    run([process.execPath, cli, "login", "globus"], { env: stranger }),
  ]);
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("heddle login globus") });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("HEDDLE_GLOBUS_CLIENT_ID") });
  expect(nowhere).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/ERR_GLOBUS_LOGIN: .*self-signed certificate.*\n.*HTTPS_PROXY/),
  });
});
