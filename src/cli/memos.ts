/** `heddle cache`: what a checkpoint holds, and clearing it. */

import { existsSync, renameSync, statSync } from "node:fs";
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
const defaultPath = ".heddle/checkpoint.mdb";

interface Request {
  path: string;
  name: string | null;
  json: boolean;
  all: boolean;
  limits: Limits;
}

const verbs: Record<string, (request: Request) => Promise<void>> = { ls: list, show, rm: remove, gc: collect };

export async function cacheCommand(args: readonly string[]): Promise<void> {
  if (args[0] === "files") return await filesCommand(args.slice(1));
  const { values, positionals } = parseOptions("cache", args, options);
  const [verb = "", name = null, ...more] = positionals;
  const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined || more.length > 0) {
    const hint = "heddle cache ls | show APP | rm APP | rm --all | gc; heddle cache files for copies of files";
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
  await act({ path, name, json: values["json"] === true, all: values["all"] === true, limits });
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

async function show({ path, name, json }: Request): Promise<void> {
  const app = named("show", name);
  await reading(path, (store) => {
    for (const one of store.list()) {
      if (one.app !== app) continue;
      const found = store.get(one.key, Number.POSITIVE_INFINITY);
      const value = found === null ? "(damaged)" : shownValue(one.key, found);
      const told = { key: one.key.toString("hex"), made: new Date(one.made).toISOString(), bytes: one.bytes, value };
      console.log(json ? JSON.stringify(told) : `${told.made}  ${sizeText(one.bytes)}  ${value}  ${told.key}`);
    }
  });
}

function shownValue(key: Buffer, entry: Uint8Array): string {
  const range = rangeIn(key.subarray(APP_KEY).toString("latin1"), entry);
  return range === null ? shorten(decode(entry)) : `${range.last - range.first} tasks of a map, from ${range.first} on`;
}

async function remove({ path, name, all }: Request): Promise<void> {
  const app = all ? null : named("rm", name);
  const count = await writing(path, async (store) => {
    const keys = [...store.list()].filter((one) => app === null || one.app === app).map(({ key }) => key);
    await store.remove(keys);
    return keys.length;
  });
  console.log(`${count} results removed`);
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
    try {
      const result = await work(store);
      await store.synced();
      await store.compactTo(compact);
      return result;
    } finally {
      await store.close();
      if (existsSync(compact)) renameSync(compact, path);
    }
  } finally {
    unlock();
  }
}
