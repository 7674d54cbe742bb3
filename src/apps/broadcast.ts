/**
 * Files that every node gets a copy of, through the fabric: rank 0 alone reads the file, and each node's lowest rank writes it once. Pieces go
 * down a binary tree of nodes, each by itself, so that nodes far down write while later pieces are still being read.
 */

import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelFor } from "../dataflow/current.ts";
import type { Kernel } from "../dataflow/kernel.ts";
import { BatchError, HeddleError, headline } from "../errors.ts";
import { functionApp, registerInternal } from "../serialize/registry.ts";
import { shorten } from "../serialize/values.ts";
import { context } from "../worker/context.ts";
import { callable } from "./app.ts";
import { isPlain } from "./schema.ts";
import type { App } from "./types.ts";

/** Options of {@link broadcast}. */
export interface BroadcastOptions {
  /**
   * Folder on each node's own disk, absolute; it is made where it is missing, and the file stays there. Default: one for this job under TMPDIR
   * of rank 0, which is removed when the engine is closed in order.
   */
  to?: string;
}

const PIECE_BYTES = 4 << 20;
const PIECES_AT_ONCE = 8;
const PRIORITY = 1_000;
const REMOVAL_MS = 2_000; // Tasks that occupy every worker must not hold up the end.

type Step =
  | { do: "write"; path: string; offset: number; bytes: Uint8Array }
  | { do: "finish"; path: string; size: number; mode: number }
  | { do: "remove"; folder: string };

/**
 * Puts a copy of a file onto the disk of every node, and gives the path of the copies, the same on each. One rank of each node writes, and only rank 0
 * reads the file: a thousand nodes cost a shared file system one reader. Needs JS workers on every node: a program that defines a function app.
 *
 * @param file - A path, relative to the working directory, or a `file:` URL.
 * @param options - {@link BroadcastOptions}
 * @returns The path of the copies; the name and the permissions are those of the file. What `file` names afterwards does not matter.
 * @throws {@link HeddleError} `ERR_BROADCAST`: it cannot be read, or not be written on some node. `ERR_CONFIG`, `ERR_NOT_STARTED`.
 * @example
 * const search = bashApp("search", "blastp -db {db} -query {query}");
 * await run(async () => {
 *   const db = await broadcast("/shared/proteins.db");
 *   await search.map(queries.map((query) => ({ db, query }))).discard();
 * });
 */
export async function broadcast(file: string | URL, options: BroadcastOptions = {}): Promise<string> {
  const kernel = kernelFor("heddle:broadcast");
  const source = pathOf(file);
  if (!isPlain(options)) {
    throw new HeddleError(
      "ERR_CONFIG",
      `broadcast(): the options are ${shorten(options)}.`,
      'give { to: "/local/folder" }, or none',
    );
  }
  const { to } = options;
  if (to !== undefined && (typeof to !== "string" || !isAbsolute(to))) {
    throw new HeddleError(
      "ERR_CONFIG",
      `broadcast(): to is ${shorten(to)}.`,
      "give an absolute path, the same on every node",
    );
  }
  const tree = treeOf(kernel);
  const folder = to ?? join(ownFolder(kernel, tree), randomUUID().slice(0, 8));
  const path = join(folder, basename(source));
  const handle = await open(source).catch((cause) => {
    const message = `broadcast(): ${source} cannot be read: ${headline(cause)}.`;
    throw new HeddleError("ERR_BROADCAST", message, "check the path", { cause });
  });
  try {
    await copy(handle, source, path, tree);
  } catch (error) {
    const why = written(error);
    if (why === null) throw error;
    const message = `broadcast(): ${source} cannot be written as ${path} ${why.message}`;
    throw new HeddleError("ERR_BROADCAST", message, "look at its disk, or name another folder with `to`", {
      cause: error,
    });
  } finally {
    await handle.close();
  }
  return path;
}

async function copy(handle: FileHandle, source: string, path: string, tree: readonly number[]): Promise<void> {
  const { size, mode } = await handle.stat();
  const under = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (let offset = 0; (offset < size || offset === 0) && failures.length === 0; offset += PIECE_BYTES) {
    const bytes = Buffer.alloc(Math.min(PIECE_BYTES, size - offset));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    if (bytesRead < bytes.length) {
      const message = `broadcast(): ${source} became shorter while it was read.`;
      failures.push(new HeddleError("ERR_BROADCAST", message, "do not change it meanwhile"));
      break;
    }
    if (under.size >= PIECES_AT_ONCE) await Promise.race(under);
    const sent: Promise<void> = sendDown(tree, { do: "write", path, offset, bytes })
      .catch((error) => void failures.push(error))
      .then(() => void under.delete(sent));
    under.add(sent);
  }
  await Promise.all(under);
  if (failures.length > 0) throw failures[0];
  await sendDown(tree, { do: "finish", path, size, mode: mode & 0o777 });
}

/** @internal On the first of these ranks, and from there on the others. */
export async function sendDown([first, ...below]: readonly number[], step: Step): Promise<void> {
  const target = { rank: first as number };
  await hop.map([[step, below]], { target, priority: PRIORITY }).discard();
}

/** Runs on each node's lowest rank. */
async function take(step: Step, below: readonly number[]): Promise<void> {
  const { rank } = context();
  const half = Math.ceil(below.length / 2);
  const halves = [below.slice(0, half), below.slice(half)].filter((part) => part.length > 0);
  const own = carryOut(step).catch((cause) => {
    throw new HeddleError("ERR_BROADCAST", `on rank ${rank} (${hostname()}): ${headline(cause)}.`, null, { cause });
  });
  const ends = await Promise.allSettled([...halves.map((part) => sendDown(part, step)), own]);
  for (const end of ends) if (end.status === "rejected") throw written(end.reason) ?? end.reason;
}

/** The failure of the rank where it began, however many have passed it on. */
function written(error: unknown): HeddleError | null {
  if (!(error instanceof Error)) return null;
  const { code, message } = error as Partial<HeddleError> & Error;
  if (code === "ERR_BROADCAST" && message.startsWith("on rank")) return error as HeddleError;
  const first = error instanceof BatchError ? error.failures.values().next().value : error.cause;
  return written(first);
}

async function carryOut(step: Step): Promise<void> {
  if (step.do === "remove") return await rm(step.folder, { recursive: true, force: true });
  const unfinished = `${step.path}.part`;
  if (step.do === "write") {
    await mkdir(dirname(step.path), { recursive: true });
    const handle = await open(unfinished, constants.O_WRONLY | constants.O_CREAT); // Pieces come in any order.
    try {
      await handle.write(step.bytes, 0, step.bytes.length, step.offset);
    } finally {
      await handle.close();
    }
    return;
  }
  const { size } = await stat(unfinished);
  if (size !== step.size) throw new Error(`${unfinished} has ${size} bytes, not ${step.size}`);
  const handle = await open(unfinished);
  await handle.chmod(step.mode).finally(() => handle.close());
  await rename(unfinished, step.path);
}

const definition = functionApp("heddle:broadcast", take as (...args: never[]) => unknown, "1");
registerInternal(definition);
const hop = callable(definition) as App<[step: Step, below: readonly number[]], void>;

/** The lowest rank of each node. Throws ERR_CONFIG where one has no JS worker. */
function treeOf({ executor }: Kernel): number[] {
  const tree = [...executor.nodes()].filter((lowest, rank) => lowest === rank);
  const bare = executor.capacities.find(
    ({ first, last, cores }) => cores.js === 0 && tree.some((rank) => rank >= first && rank < last),
  );
  if (bare === undefined) return tree;
  throw new HeddleError(
    "ERR_CONFIG",
    `broadcast() needs a JS worker on every node, and rank ${bare.first} has none.`,
    "define a function app with app(), whose workers then write the files",
  );
}

const folders = new WeakMap<Kernel, string>();

/** Of this job; gone with its end. */
function ownFolder(kernel: Kernel, tree: readonly number[]): string {
  let folder = folders.get(kernel);
  if (folder === undefined) {
    folder = join(tmpdir(), `heddle-files-${randomUUID()}`);
    folders.set(kernel, folder);
    const step: Step = { do: "remove", folder };
    kernel.beforeClose.push(async () => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, REMOVAL_MS).unref());
      await Promise.race([sendDown(tree, step).catch(() => {}), late]);
    });
  }
  return folder;
}

function pathOf(file: unknown): string {
  if (file instanceof URL || (typeof file === "string" && file.startsWith("file:"))) return fileURLToPath(file);
  if (typeof file === "string" && file !== "") return file;
  throw new HeddleError("ERR_CONFIG", `broadcast(): the file is ${shorten(file)}.`, "give a path, or a file: URL");
}
