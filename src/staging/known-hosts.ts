/** ~/.ssh/known_hosts, as OpenSSH reads it: which keys a host may show. */

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface KnownKeys {
  /** Keys of this host, as base64, to their types. */
  keys: Map<string, string>;
  /** Keys that must not be trusted any more, as base64. */
  revoked: Set<string>;
}

export const userFile = (): string => join(homedir(), ".ssh", "known_hosts");
const SYSTEM_FILE = "/etc/ssh/ssh_known_hosts";

/** Of the user's file and the machine's. */
export function knownKeys(host: string, port: number): KnownKeys {
  return keysIn([userFile(), SYSTEM_FILE].map(textOf).join("\n"), host, port);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Pure. Certificate authorities are left out: what they sign is not understood. */
export function keysIn(text: string, host: string, port: number): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const found: KnownKeys = { keys: new Map(), revoked: new Set() };
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") ? words.shift() : null;
    const [patterns, type, key] = words;
    if (key === undefined || patterns === undefined || type === undefined || patterns.startsWith("#")) continue;
    if (marker === "@cert-authority" || !fits(patterns, name)) continue;
    if (marker === "@revoked") found.revoked.add(key);
    else found.keys.set(key, type);
  }
  return found;
}

function fits(patterns: string, name: string): boolean {
  if (patterns.startsWith("|1|")) {
    const [, , salt = "", hash] = patterns.split("|");
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
  }
  let any = false;
  for (const pattern of patterns.toLowerCase().split(",")) {
    const not = pattern.startsWith("!");
    if (!globOf(not ? pattern.slice(1) : pattern).test(name)) continue;
    if (not) return false;
    any = true;
  }
  return any;
}

function globOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

/** As ssh shows it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}
