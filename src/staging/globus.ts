/**
 * globus: files, globus://COLLECTION-UUID/path. The bytes go from collection to collection, not through this process: it asks for a transfer to or
 * from the local collection, waits for it, and takes the file from the folder where that collection keeps it.
 */

import { existsSync } from "node:fs";
import { copyFile, link, mkdir, rename, stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { HeddleError } from "../errors.ts";
import { fileError } from "./errors.ts";
import { type Place, type Stat, TransferApi } from "./globus-api.ts";
import { type Errand, Errands } from "./globus-errands.ts";
import { GlobusLogin } from "./globus-login.ts";
import { Connections, type GlobusSettings, globusSettings } from "./globus-settings.ts";
import { transfer } from "./globus-task.ts";
import type { Download, StagingProvider } from "./provider.ts";

/** Of a collection. */
export const UUID: RegExp = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where files of this machine lie in the local collection. */
interface Local {
  collection: string;
  folder: string;
  path: string;
}

let own: StagingProvider | null = null;

/** By the environment; one, so that its login and connections serve all files. */
export function ownGlobus(): StagingProvider {
  own ??= globusProvider();
  return own;
}

/** @param connections - Of its own by default. */
export function globusProvider(
  settings: GlobusSettings = globusSettings(),
  connections: Connections = new Connections(),
): StagingProvider {
  const api = new TransferApi(settings.transfer, new GlobusLogin(settings, connections), connections);
  const move = { api, pollMs: settings.pollMs };
  const errands = new Errands();
  return {
    name: "Globus",
    schemes: ["globus"],

    async download(source: URL, { path, began, alive, signal }: Download): Promise<void> {
      const from = placeOf(source);
      const local = localOf(settings, source);
      const there = await fileAt(api, source, from, signal);
      began(versionOf(there), 0, there.size);
      const key = JSON.stringify(["in", from, versionOf(there)]);
      await errands.attempt(key, local.folder, async (errand) => {
        const [here, to] = await inTransit(local, errand, basename(from.path));
        await transfer({ ...move, url: source, from, to, alive, signal }, errand);
        await take(here, path, source, to);
      });
    },

    async upload(path: string, target: URL, signal: AbortSignal, alive: (ms?: number) => void): Promise<void> {
      alive();
      const to = placeOf(target);
      const local = localOf(settings, target);
      const inside = insideOf(local, path);
      const { ino, size, mtimeMs } = await stat(path);
      const key = JSON.stringify(["out", to, path, ino, size, mtimeMs]);
      await errands.attempt(key, local.folder, async (errand) => {
        const from = inside ?? (await lent(local, errand, path));
        await transfer({ ...move, url: target, from, to, alive, signal }, errand);
      });
    },

    async version(source: URL, signal: AbortSignal): Promise<string | null> {
      return versionOf(await fileAt(api, source, placeOf(source), signal));
    },

    async close(): Promise<void> {
      await errands.close();
      await connections.close();
    },
  };
}

function placeOf(url: URL): Place {
  if (!UUID.test(url.hostname) || url.pathname.length < 2) {
    throw fileError("ERR_FILE", url, "names no file of Globus", "write it as globus://COLLECTION-UUID/path");
  }
  return { collection: url.hostname.toLowerCase(), path: decodeURIComponent(url.pathname) };
}

function localOf({ collection, folder, path }: GlobusSettings, url: URL): Local {
  if (collection !== null && UUID.test(collection) && folder !== null) {
    return { collection, folder: resolve(folder), path };
  }
  const what = `goes by way of a collection of this machine, and HEDDLE_GLOBUS_COLLECTION is ${collection ?? "not set"}, HEDDLE_GLOBUS_FOLDER ${folder ?? "not set"}`;
  const hint =
    "set the one to the UUID of a collection that sees this machine's files, the other to a folder of it that may be written";
  throw fileError("ERR_GLOBUS_COLLECTION", url, what, hint);
}

/** What the local collection calls a file of this machine; null: it does not see it, as far as is known. */
function insideOf({ collection, folder, path }: Local, file: string): Place | null {
  const rest = relative(folder, resolve(file));
  if (rest === "" || rest === ".." || rest.startsWith("../")) return null;
  return { collection, path: join(path, rest) };
}

/** A path that both this machine and the collection see, in the folder of the errand, which is made. */
async function inTransit(local: Local, { folder }: Errand, name: string): Promise<[here: string, there: Place]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const here = join(folder, name);
  const there = insideOf(local, here);
  if (there === null) throw new Error(`${here} is not in ${local.folder}`);
  return [here, there];
}

/** A file of this machine where the collection sees it. */
async function lent(local: Local, errand: Errand, path: string): Promise<Place> {
  const [here, there] = await inTransit(local, errand, basename(path));
  // A transfer that has begun may read what an attempt before this one put there.
  if (!existsSync(here)) await link(path, here).catch(() => copyFile(path, here));
  return there;
}

async function fileAt(api: TransferApi, url: URL, place: Place, signal: AbortSignal): Promise<Stat> {
  const stat = await api.stat(url, place, signal);
  if (stat.type !== "dir") return stat;
  throw fileError("ERR_FILE_REFUSED", url, "is a folder", "name a file");
}

/** As it stands on the disk there: two contents of one size in one second look alike. */
function versionOf({ size, last_modified: time }: Stat): string | null {
  return size === null || time === null ? null : `${size} ${time}`;
}

/** What was transferred goes to its place; across file systems as a copy. */
async function take(here: string, path: string, url: URL, to: Place): Promise<void> {
  try {
    await rename(here, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EXDEV") throw error;
      await copyFile(here, path);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const what = `was transferred to ${to.path} of ${to.collection}, and ${here} is not there`;
    const hint =
      "HEDDLE_GLOBUS_FOLDER and HEDDLE_GLOBUS_PATH have to be one folder, as this machine and the collection see it";
    throw new HeddleError("ERR_GLOBUS_COLLECTION", `${url.href} ${what}.`, hint, { cause: error });
  }
}
