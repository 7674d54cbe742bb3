import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CLIENT, Cloud, SERVICE } from "../../test/helpers/globus.ts";
import { file } from "./file.ts";
import { globusProvider } from "./globus.ts";
import { GlobusLogin } from "./globus-login.ts";
import { Connections, type GlobusSettings } from "./globus-settings.ts";
import { stagingProvider } from "./provider.ts";
import { Stager } from "./stager.ts";

const guarded = "0d5fe2a1-87c7-4c2f-9ea3-5a2a0a1a6b0c";

let cloud: Cloud;
let remote: { id: string; folder: string };
let local: { id: string; folder: string };
let folder: string;
let settings: GlobusSettings;

beforeAll(async () => {
  cloud = await Cloud.start([guarded]);
  remote = cloud.collection();
  local = cloud.collection();
});

afterAll(async () => await cloud.stop());

beforeEach(async () => {
  folder = mkdtempSync(join(cloud.folder, "test-"));
  settings = {
    clientId: CLIENT,
    clientSecret: null,
    auth: cloud.base,
    transfer: `${cloud.base}/v0.10`,
    tokens: join(folder, "config", "globus.json"),
    collection: local.id,
    folder: local.folder,
    path: "/",
    pollMs: 5,
  };
  cloud.requests.length = 0;
  cloud.events = [];
  cloud.hinder = () => false;
  cloud.progress = () => null;
  cloud.guarded.clear();
});

const login = (): GlobusLogin => new GlobusLogin(settings, new Connections(cloud.agent));

async function logIn(collections: string[] = []): Promise<void> {
  const { url, finish } = await login().begin(collections);
  await finish(await cloud.browse(url));
}

const kept = (): Record<string, string> => JSON.parse(readFileSync(settings.tokens, "utf8"))[cloud.base];

const submissions = (): number => cloud.requests.filter((each) => each === "POST /transfer").length;
const lastDocument = (): unknown => [...cloud.tasks.values()].at(-1)?.document;

interface Options {
  cache?: string;
  stallMs?: number;
  retries?: number;
}

/** With a cache of its own, if not told otherwise. */
function stager(options: Options = {}): Stager {
  const { close: _, ...provider } = globusProvider(settings, new Connections(cloud.agent)); // Its connections are those of all tests.
  stagingProvider(provider);
  const cache = mkdtempSync(join(folder, "cache-"));
  const usual = { cache, cacheBytes: 2 ** 30, retries: 3, backoffMs: 1, stallMs: 60_000, shared: false };
  return new Stager({ ...usual, ...options });
}

function remoteFile(name: string, text: string): ReturnType<typeof file> {
  writeFileSync(join(remote.folder, name), text);
  return file(`globus://${remote.id}/${encodeURIComponent(name)}`);
}

const bring = async (ref: ReturnType<typeof file>, options: Options = {}): Promise<string> =>
  readFileSync(await stager(options).stageIn(ref), "utf8");

test("a user logs in with PKCE, and the tokens are for them alone", async () => {
  const { url, finish } = await login().begin([]);
  const asked = new URL(url).searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({
    code_challenge_method: "S256",
    access_type: "offline",
    client_id: CLIENT,
    scope: "urn:globus:auth:scope:transfer.api.globus.org:all",
  });
  const code = await cloud.browse(url);
  await finish(` ${cloud.base}/v2/web/auth-code?code=${code}\n`);
  expect(statSync(settings.tokens).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "config")).mode & 0o777).toBe(0o700);
  expect(await login().token()).toBe(kept()["access"]);
  await expect(finish(code)).rejects.toMatchObject({ code: "ERR_GLOBUS_LOGIN" }); // A code is good for one login.
});

test("a file is transferred to the local collection and taken from there, and known again while it is the same", async () => {
  await logIn();
  const ref = remoteFile("two words.txt", "first");
  const cache = join(folder, "cache");
  expect(await bring(ref, { cache })).toBe("first");
  expect(lastDocument()).toMatchObject({
    source_endpoint: remote.id,
    destination_endpoint: local.id,
    verify_checksum: true,
    DATA: [{ DATA_TYPE: "transfer_item", source_path: "/two words.txt" }],
  });
  expect(readdirSync(join(local.folder, ".heddle-globus"))).toEqual([]);
  expect(await bring(ref, { cache })).toBe("first");
  expect(submissions()).toBe(1);
  remoteFile("two words.txt", "second");
  expect(await bring(ref, { cache })).toBe("second");
  expect(submissions()).toBe(2);
});

test("an output goes where it lies in the local collection, else by way of its folder", async () => {
  await logIn();
  const inside = join(local.folder, "made");
  const outside = join(folder, "made");
  writeFileSync(inside, "inside");
  writeFileSync(outside, "outside");
  await stager().stageOut(inside, `globus://${remote.id}/sub/a`);
  expect(lastDocument()).toMatchObject({ DATA: [{ source_path: "/made", destination_path: "/sub/a" }] });
  await stager().stageOut(outside, `globus://${remote.id}/sub/b`);
  const texts = ["a", "b"].map((name) => readFileSync(join(remote.folder, "sub", name), "utf8"));
  expect(texts).toEqual(["inside", "outside"]);
});

test("a token that is refused or over is renewed, once for all who wait, also where they share no more than its file", async () => {
  await logIn();
  const first = kept();
  await cloud.forget(first["access"] as string);
  const [one, two] = [login(), login()];
  const renewed = await Promise.all([one, one, two].map((each) => each.token(first["access"])));
  expect(new Set(renewed)).toEqual(new Set([kept()["access"]]));
  expect(renewed[0]).not.toBe(first["access"]);
  const now = kept();
  writeFileSync(settings.tokens, JSON.stringify({ [cloud.base]: { ...now, ends: Date.now() + 1_000 } }));
  expect(await login().token()).not.toBe(now["access"]);
  expect(statSync(settings.tokens).mode & 0o777).toBe(0o600);
  await cloud.forget(kept()["access"] as string);
  expect(await bring(remoteFile("later", "text"))).toBe("text");
});

test("without a login, or with one that has ended, the error says so", async () => {
  const ref = remoteFile("x", "x");
  const hint = expect.stringContaining("heddle login globus");
  await expect(bring(ref)).rejects.toMatchObject({ code: "ERR_GLOBUS_LOGIN", message: hint });
  await logIn();
  const tokens = kept();
  expect(await login().end()).toBe(true);
  expect(await cloud.knows(tokens["refresh"] as string)).toBe(false);
  expect(existsSync(settings.tokens)).toBe(false);
  writeFileSync(settings.tokens, JSON.stringify({ [cloud.base]: tokens }));
  await expect(bring(ref)).rejects.toMatchObject({ code: "ERR_GLOBUS_LOGIN", message: hint });
  expect(submissions()).toBe(0);
});

test("a service asks with its secret, and nobody logs in", async () => {
  settings = { ...settings, clientId: SERVICE.id, clientSecret: SERVICE.secret };
  expect(await bring(remoteFile("of a service", "text"))).toBe("text");
  expect(existsSync(settings.tokens)).toBe(false);
  const kin = cloud.collection(remote.folder, guarded);
  cloud.guarded.add(kin.id);
  expect(await bring(file(`globus://${guarded}/of%20a%20service`))).toBe("text"); // It may consent by itself.
  settings = { ...settings, clientSecret: "another" };
  await expect(bring(remoteFile("x", "x"))).rejects.toMatchObject({ code: "ERR_GLOBUS_LOGIN" });
});

test("a collection that wants a consent is named, and a login with it helps", async () => {
  await logIn();
  const kin = cloud.collection(remote.folder, guarded);
  cloud.guarded.add(kin.id);
  writeFileSync(join(remote.folder, "mine"), "consented");
  const ref = file(`globus://${guarded}/mine`);
  const message = expect.stringContaining(`heddle login globus --collection ${guarded}`);
  await expect(bring(ref)).rejects.toMatchObject({ code: "ERR_GLOBUS_CONSENT", message });
  await logIn([guarded]);
  expect(await bring(ref)).toBe("consented");
});

test("a collection that wants another identity says which, and a login asks for it", async () => {
  await logIn();
  const authorization_parameters = {
    session_message: "Log in at the institute",
    session_required_single_domain: ["institute.example", "other.example"],
  };
  cloud.hinder = (_, response) => {
    response.writeHead(403).end(JSON.stringify({ code: "AuthorizationRequired", authorization_parameters }));
    return true;
  };
  const message = expect.stringMatching(
    /at the institute[\s\S]*login globus --domain institute.example --domain other/,
  );
  await expect(bring(remoteFile("x", "x"))).rejects.toMatchObject({ code: "ERR_GLOBUS_LOGIN", message });
  const { url } = await login().begin([], { session_required_single_domain: "institute.example" });
  const asked = Object.fromEntries(new URL(url).searchParams);
  expect(asked).toMatchObject({ session_required_single_domain: "institute.example", prompt: "login" });
});

test.each([
  ["ERR_FILE_NOT_FOUND", "a path that is not there", () => file(`globus://${remote.id}/missing`)],
  ["ERR_FILE_NOT_FOUND", "a collection that nobody knows", () => file(`globus://${randomUUID()}/x`)],
  [
    "ERR_FILE_REFUSED",
    "a folder",
    () => file(`globus://${cloud.collection(cloud.folder).id}/${basename(remote.folder)}`),
  ],
  ["ERR_FILE", "no UUID", () => file("globus://somewhere/x")],
])("%s: %s", async (code, _, ref) => {
  await logIn();
  await expect(bring(ref())).rejects.toMatchObject({ code });
  expect(submissions()).toBe(0);
});

test("without a local collection, or with the wrong folder, the error says what to set", async () => {
  await logIn();
  const ref = remoteFile("x", "x");
  settings = { ...settings, path: "/elsewhere" };
  const wrong = { code: "ERR_GLOBUS_COLLECTION", message: expect.stringContaining("HEDDLE_GLOBUS_PATH") };
  await expect(bring(ref)).rejects.toMatchObject(wrong);
  settings = { ...settings, collection: null };
  const unset = { code: "ERR_GLOBUS_COLLECTION", message: expect.stringContaining("HEDDLE_GLOBUS_COLLECTION") };
  await expect(bring(ref)).rejects.toMatchObject(unset);
});

test("a transfer that failed is an error with its reason, and is not begun again", async () => {
  await logIn();
  cloud.progress = () => ({ status: "FAILED", fatal_error: { code: "EXPIRED", description: "deadline" } });
  cloud.events = [{ code: "TIMEOUT", is_error: true, details: "Error (transfer)\nServer: far\n" }];
  const message = expect.stringMatching(/EXPIRED, deadline: Error \(transfer\); Server: far/);
  await expect(bring(remoteFile("x", "x"))).rejects.toMatchObject({ code: "ERR_GLOBUS_TASK", message });
  expect(submissions()).toBe(1);
});

test("a fault that nobody but its user can mend ends a transfer at once", async () => {
  await logIn();
  cloud.progress = () => ({ status: "ACTIVE", nice_status: "PERMISSION_DENIED" });
  await expect(bring(remoteFile("x", "x"))).rejects.toMatchObject({ code: "ERR_FILE_CREDENTIALS" });
  expect(cloud.requests).toContain("POST /task/ID/cancel");
});

test("a transfer may wait its turn for longer than an attempt may stall", async () => {
  await logIn();
  const began = Date.now();
  cloud.progress = () => (Date.now() - began < 1_300 ? { status: "ACTIVE", nice_status: "Queued" } : null);
  expect(await bring(remoteFile("x", "queued"), { stallMs: 400, retries: 0 })).toBe("queued");
});

test("a transfer that does not move is cancelled and begun again", async () => {
  await logIn();
  cloud.progress = () => (submissions() === 1 ? { status: "ACTIVE", nice_status: "CONNECT_FAILED" } : null);
  expect(await bring(remoteFile("x", "moved"), { stallMs: 500 })).toBe("moved");
  expect(cloud.requests.filter((each) => each.endsWith("/cancel"))).toHaveLength(1);
  cloud.progress = () => ({ status: "ACTIVE", nice_status: "CONNECT_FAILED" });
  const stuck = bring(remoteFile("x", "stuck"), { stallMs: 500, retries: 0 });
  await expect(stuck).rejects.toMatchObject({
    code: "ERR_FILE_TRANSFER",
    message: expect.stringContaining("CONNECT_FAILED"),
  });
});

test.each(["in", "out"])("however many answers to its submission are lost, a transfer begins once: %s", async (way) => {
  await logIn();
  const before = cloud.tasks.size;
  cloud.hinder = (what, response) => {
    if (what === "POST /transfer" && submissions() <= 5) cloud.lose.add(response);
    return false;
  };
  const made = join(folder, "made");
  writeFileSync(made, "once");
  if (way === "in") expect(await bring(remoteFile("x", "once"))).toBe("once");
  else await stager().stageOut(made, `globus://${remote.id}/once`);
  expect(submissions()).toBe(6); // Four of the first attempt, two of the second.
  expect(cloud.tasks.size).toBe(before + 1);
  expect(cloud.requests.filter((each) => each === "GET /submission_id")).toHaveLength(1);
  expect(readdirSync(join(local.folder, ".heddle-globus"))).toEqual([]);
});

test("a transfer whose submission had no answer when it was not wanted any more is cancelled too", async () => {
  await logIn();
  const controller = new AbortController();
  cloud.hinder = (what) => {
    if (what !== "POST /transfer" || submissions() > 1) return false;
    controller.abort(new Error("not wanted"));
    return true; // It was not taken, or its answer never comes.
  };
  const one = stager();
  await expect(one.stageIn(remoteFile("x", "x"), 0, controller.signal)).rejects.toThrow("not wanted");
  await one.close();
  expect(submissions()).toBe(2);
  expect(cloud.requests).toContain("POST /task/ID/cancel");
});

test("a transfer that nobody wants any more is cancelled, in and out, and so are all at the end", async () => {
  await logIn();
  const [one, made] = [stager(), join(folder, "made")];
  writeFileSync(made, "made");
  const begun = (): Promise<void> =>
    new Promise((resolve) => (cloud.progress = () => (resolve(), { status: "ACTIVE" })));
  const out = `globus://${remote.id}/out`;
  for (const move of [
    (signal: AbortSignal) => one.stageIn(remoteFile("in", "x"), 0, signal),
    (signal: AbortSignal) => one.stageOut(made, out, signal),
  ]) {
    const [controller, moves] = [new AbortController(), begun()];
    const end = expect(move(controller.signal)).rejects.toThrow("not wanted");
    await moves;
    controller.abort(new Error("not wanted"));
    await end;
  }
  const moves = begun();
  const end = expect(one.stageOut(made, out)).rejects.toThrow("it ends");
  await moves;
  await one.close(new Error("it ends")); // And waits for the cancellations.
  await end;
  expect(cloud.requests.filter((each) => each === "POST /task/ID/cancel")).toHaveLength(3);
});

test("an output that does not move is cancelled and begun again", async () => {
  await logIn();
  const made = join(folder, "made");
  writeFileSync(made, "made");
  cloud.progress = () => (submissions() === 1 ? { status: "ACTIVE", nice_status: "CONNECT_FAILED" } : null);
  await stager({ stallMs: 500 }).stageOut(made, `globus://${remote.id}/moved`);
  expect(readFileSync(join(remote.folder, "moved"), "utf8")).toBe("made");
  expect(cloud.requests.filter((each) => each.endsWith("/cancel"))).toHaveLength(1);
});

test("answers that are lost cost nothing: a submission counts once, and a transfer is asked for again", async () => {
  await logIn();
  const lost = new Set(["POST /transfer", "GET /task/ID"]);
  cloud.hinder = (what, response) => {
    if (!lost.delete(what)) return false;
    if (what === "GET /task/ID") response.writeHead(503).end("busy");
    else cloud.lose.add(response);
    return response.writableEnded;
  };
  const before = cloud.tasks.size;
  expect(await bring(remoteFile("x", "once"))).toBe("once");
  expect(lost.size).toBe(0);
  expect(cloud.tasks.size).toBe(before + 1);
  expect(submissions()).toBe(2);
});
