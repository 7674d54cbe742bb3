/** `heddle cache`: what a checkpoint holds, and clearing it. */

import { createHash } from "node:crypto";
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { inspect } from "node:util";
import { bytesOf } from "../apps/resources.ts";
import { HeddleError } from "../errors.ts";
import { collectGarbage, type Limits } from "../memo/collect.ts";
import { lock } from "../memo/lock.ts";
import { rangeIn } from "../memo/ranges.ts";
import { Store, type StoredResult } from "../memo/store.ts";
import { decode } from "../serialize/codec.ts";
import { shorten } from "../serialize/values.ts";
import { filesCommand } from "./files.ts";
import { type Options, parseOptions } from "./options.ts";
import { sizeText } from "./size.ts";

const options: Options = {
  path: { type: "string" },
  json: { type: "boolean" },
  all: { type: "boolean" },
  "max-bytes": { type: "string" },
  ttl: { type: "string" },
};

const APP_KEY = 16; // Bytes with which all keys begin.
const ID_SHOWN = 12; // Characters of a key in a list.
const defaultPath = ".heddle/checkpoint.mdb";

interface Request {
  path: string;
  name: string | null;
  /** Of one result: as `show` prints it, or the beginning of it. */
  key: string | null;
  json: boolean;
  all: boolean;
  limits: Limits;
}

const verbs: Record<string, (request: Request) => Promise<void>> = { ls: list, show, rm: remove, gc: collect };

export async function cacheCommand(args: readonly string[]): Promise<void> {
  if (args[0] === "files") return await filesCommand(args.slice(1));
  const { values, positionals } = parseOptions("cache", args, options);
  const [verb = "", name = null, key = null, ...more] = positionals;
  const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined || more.length > 0) {
    const hint =
      "heddle cache ls | show APP [KEY] | rm APP [KEY] | rm --all | gc; heddle cache files for copies of files";
    throw new HeddleError("ERR_CONFIG", `\`heddle cache ${positionals.join(" ")}\` is no command.`, hint);
  }
  const path = String(values["path"] ?? process.env["HEDDLE_CHECKPOINT_PATH"] ?? defaultPath);
  if (!existsSync(path)) {
    const hint = "name another: --path FILE; a run with a checkpoint makes one";
    throw new HeddleError("ERR_CHECKPOINT", `There is no checkpoint ${path}.`, hint);
  }
  const limits = {
    maxBytes:
      values["max-bytes"] === undefined ? Number.POSITIVE_INFINITY : bytesOf("--max-bytes", values["max-bytes"]),
    ttlMs: values["ttl"] === undefined ? Number.POSITIVE_INFINITY : 1_000 * seconds(String(values["ttl"])),
  };
  await act({ path, name, key, json: values["json"] === true, all: values["all"] === true, limits });
}

function seconds(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new HeddleError("ERR_CONFIG", `--ttl is "${text}".`, "give seconds");
}

interface AppSummary {
  app: string;
  version: string;
  results: number;
  bytes: number;
  oldest: string;
  lastUsed: string;
}

async function list({ path, json }: Request): Promise<void> {
  const apps = await reading(path, (store) => summary(store.list()));
  if (json) return console.log(JSON.stringify(apps));
  const file = statSync(path).size;
  console.log(`${path}: ${sizeText(file)} on disk, ${apps.reduce((sum, one) => sum + one.results, 0)} results`);
  for (const { app, version, results, bytes, oldest, lastUsed } of apps)
    console.log(
      `  ${app}  version ${shorten(version)}  ${results} results  ${sizeText(bytes)}  from ${oldest}  used ${lastUsed}`,
    );
}

function summary(all: Iterable<StoredResult>): AppSummary[] {
  const apps = new Map<string, AppSummary>();
  const text = (ms: number): string => new Date(ms).toISOString();
  for (const { app, version, bytes, made, used } of all) {
    const id = `${app}\0${version}`;
    const one = apps.get(id) ?? { app, version, results: 0, bytes: 0, oldest: text(made), lastUsed: text(used) };
    one.results++;
    one.bytes += bytes;
    if (text(made) < one.oldest) one.oldest = text(made);
    if (text(used) > one.lastUsed) one.lastUsed = text(used);
    apps.set(id, one);
  }
  return [...apps.values()].sort((a, b) => (a.app < b.app ? -1 : 1));
}

async function show({ path, name, key, json }: Request): Promise<void> {
  const app = named("show", name);
  await reading(path, (store) => {
    const all = chosenOf(store, path, app, key);
    for (const one of all) {
      const found = store.get(one.key, Number.POSITIVE_INFINITY);
      const [id, made, used] = [idOf(one.key), new Date(one.made).toISOString(), new Date(one.used).toISOString()];
      const value = found === null ? "(damaged)" : shownValue(one.key, found, key !== null);
      if (json) console.log(JSON.stringify({ key: id, made, used, bytes: one.bytes, value }));
      else if (key === null) console.log(`${id.slice(0, ID_SHOWN)}  ${made}  ${sizeText(one.bytes)}  ${value}`);
      else
        console.log(
          `key      ${id}\napp      ${app}\nversion  ${shorten(one.version)}\nmade     ${made}\nused     ${used}\nsize     ${sizeText(one.bytes)}\nvalue    ${value}`,
        );
    }
  });
}

/** Short, and other for each result: keys themselves begin with many equal bytes. */
function idOf(key: Buffer): string {
  return createHash("sha256").update(key).digest("hex");
}

/** The results of an app, or the one with this key. Throws ERR_CONFIG where there is none. */
function chosenOf(store: Store, path: string, app: string, key: string | null): StoredResult[] {
  const everything = [...store.list()];
  const all = everything.filter((one) => one.app === app);
  if (all.length === 0) {
    const apps = [...new Set(everything.map((one) => one.app))].sort();
    const hint = apps.length === 0 ? "it has none at all" : `there are results of: ${apps.join(", ")}`;
    throw new HeddleError("ERR_CONFIG", `The checkpoint ${path} has no results of an app "${app}".`, hint);
  }
  if (key === null) return all;
  const found = all.filter((one) => idOf(one.key).startsWith(key));
  if (found.length === 1) return found;
  const few = found.slice(0, 5).map((one) => idOf(one.key).slice(0, Math.max(ID_SHOWN, key.length + 2)));
  throw new HeddleError(
    "ERR_CONFIG",
    `The checkpoint ${path} has ${found.length === 0 ? "no result" : `${found.length} results`} of app "${app}" with a key that begins with "${key}".`,
    found.length === 0
      ? `\`heddle cache show ${app}\` begins each line with the key`
      : `give more of it: ${few.join(", ")}`,
  );
}

function shownValue(key: Buffer, entry: Uint8Array, whole: boolean): string {
  const range = rangeIn(key.subarray(APP_KEY).toString("latin1"), entry);
  if (range === null) return whole ? inspect(decode(entry), { depth: 6 }) : shorten(decode(entry));
  return `${range.last - range.first} tasks of a map, from ${range.first} on`;
}

async function remove({ path, name, key, all }: Request): Promise<void> {
  const app = all ? null : named("rm", name);
  const count = await writing(path, async (store) => {
    const gone = app === null ? [...store.list()] : chosenOf(store, path, app, key);
    await store.remove(gone.map((one) => one.key));
    return gone.length;
  });
  console.log(`${count} ${count === 1 ? "result" : "results"} removed`);
}

async function collect({ path, limits }: Request): Promise<void> {
  const before = statSync(path).size;
  const count = await writing(path, (store) => collectGarbage(store, limits));
  console.log(`${count} results removed; ${sizeText(before)} on disk before, ${sizeText(statSync(path).size)} now`);
}

function named(verb: string, name: string | null): string {
  if (name !== null) return name;
  throw new HeddleError(
    "ERR_CONFIG",
    `\`heddle cache ${verb}\` needs the name of an app.`,
    "`heddle cache ls` lists them",
  );
}

async function reading<T>(path: string, work: (store: Store) => T): Promise<T> {
  const store = new Store(path, { readOnly: true, power: false });
  try {
    return work(store);
  } finally {
    await store.close();
  }
}

/** Afterwards the file is as small as it can be. */
async function writing<T>(path: string, work: (store: Store) => Promise<T>): Promise<T> {
  const unlock = lock(path);
  try {
    const store = new Store(path, { readOnly: false, power: true });
    const compact = `${path}.compact`;
    let isWhole = false; // Else a copy that a full disk cut short would take the place of the results.
    try {
      const result = await work(store);
      await store.synced();
      await store.compactTo(compact);
      isWhole = true;
      return result;
    } finally {
      await store.close();
      if (isWhole) renameSync(compact, path);
      else rmSync(compact, { force: true });
    }
  } finally {
    unlock();
  }
}
