/** `heddle cache files`: copies of files that were brought to tasks, and clearing them. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { bytesOf } from "../apps/resources.ts";
import { HeddleError } from "../errors.ts";
import { type Copy, copiesIn, makeRoom, removeCopies, removeLeftovers } from "../staging/cache.ts";
import { defaultStaging } from "../staging/settings.ts";
import { type Options, parseOptions } from "./options.ts";
import { sizeText } from "./size.ts";

const options: Options = {
  path: { type: "string" },
  json: { type: "boolean" },
  all: { type: "boolean" },
  "max-bytes": { type: "string" },
};

/** The words behind `heddle cache files`. */
export async function filesCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions("cache", args, options);
  const [verb = "ls", name = null, ...more] = positionals;
  const given = values["path"] ?? process.env["HEDDLE_STAGING_CACHE"];
  const cache = given ? resolve(String(given)) : defaultStaging().cache;
  const known = more.length === 0 && (verb === "rm" ? (name === null) === (values["all"] === true) : name === null);
  if (!known || !["ls", "rm", "gc"].includes(verb)) {
    const hint = "heddle cache files ls | rm NAME | rm --all | gc --max-bytes BYTES";
    throw new HeddleError("ERR_CONFIG", `\`heddle cache files ${positionals.join(" ")}\` is no command.`, hint);
  }
  if (!existsSync(cache)) {
    const none = `There are no copies: no program has made ${cache} yet (another folder: --path).`;
    return console.log(verb === "ls" && values["json"] === true ? "[]" : none);
  }
  if (verb === "ls") return await list(cache, values["json"] === true);
  if (verb === "rm") return await remove(cache, name);
  if (values["max-bytes"] === undefined)
    throw new HeddleError("ERR_CONFIG", "gc was not told how much may stay.", "give --max-bytes, such as 5GiB");
  const removed = await makeRoom(cache, bytesOf("--max-bytes", values["max-bytes"]));
  console.log(`${sizeText(removed)} removed`);
}

async function list(cache: string, json: boolean): Promise<void> {
  const copies = (await copiesIn(cache)).sort((a, b) => b.usedMs - a.usedMs);
  const told = copies.map(({ sha256, names, bytes, usedMs }) => ({
    names,
    bytes,
    used: new Date(usedMs).toISOString(),
    sha256,
  }));
  if (json) return console.log(JSON.stringify(told));
  console.log(`${cache}: ${told.length} copies, ${sizeText(told.reduce((sum, { bytes }) => sum + bytes, 0))}`);
  for (const { names, bytes, used, sha256 } of told)
    console.log(`  ${names.join(", ")}  ${sizeText(bytes)}  used ${used}  ${sha256}`);
}

async function remove(cache: string, name: string | null): Promise<void> {
  const fits = ({ names, sha256 }: Copy): boolean => name === null || names.includes(name) || sha256 === name;
  const wanted = (await copiesIn(cache)).filter(fits);
  const removed = await removeCopies(cache, wanted);
  const kept = wanted.length - removed.length;
  const inUse = kept === 0 ? "" : `; ${kept} stay, since a program runs that may use them`;
  console.log(
    `${removed.length} copies removed, ${sizeText(removed.reduce((sum, { bytes }) => sum + bytes, 0))}${inUse}`,
  );
  if (name === null) await removeLeftovers(cache);
}
