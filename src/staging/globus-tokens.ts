/** The file of logins: readable by its owner alone, never half written. */

import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { lockOf, readJson } from "./disk.ts";

export interface Tokens {
  clientId: string;
  access: string;
  /** Null: whoever logged in has to do so again. */
  refresh: string | null;
  /** When `access` ends: milliseconds since 1970. */
  ends: number;
}

type Logins = Record<string, Tokens>;

/** The login at the provider `auth`; null: there is none. */
export async function readTokens(path: string, auth: string): Promise<Tokens | null> {
  return (await readJson<Logins>(path))?.[auth] ?? null;
}

/**
 * Changes the login at `auth`, one process at a time: `change` is given what is there, and returns what is to be; null: nothing.
 *
 * @returns What is there then.
 */
export async function changeTokens(
  path: string,
  auth: string,
  change: (now: Tokens | null) => Promise<Tokens | null>,
): Promise<Tokens | null> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const release = await lockOf(path);
  try {
    const { [auth]: now = null, ...others } = (await readJson<Logins>(path)) ?? {};
    const next = await change(now);
    if (next !== now) await write(path, next === null ? others : { ...others, [auth]: next });
    return next;
  } finally {
    await release();
  }
}

async function write(path: string, logins: Logins): Promise<void> {
  if (Object.keys(logins).length === 0) return await rm(path, { force: true });
  const unfinished = `${path}.${randomUUID()}`;
  try {
    await writeFile(unfinished, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}
