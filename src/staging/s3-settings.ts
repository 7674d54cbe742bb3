/** Where S3 is and who we are, by the variables and files that all of Amazon's tools read. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface S3Settings {
  region: string;
  /** Null: Amazon's. */
  endpoint: string | null;
  /** Null: none were found; what is public can be read. */
  keys: S3Keys | null;
}

type Variables = Readonly<Record<string, string | undefined>>;
type Section = Readonly<Record<string, string>>;

/** Reads them anew each time: credentials expire, and are renewed meanwhile. */
export function s3Settings(env: Variables = process.env): S3Settings {
  const profile = env["AWS_PROFILE"] || "default";
  const config = sectionsOf(textOf(env["AWS_CONFIG_FILE"] || join(homedir(), ".aws", "config")));
  const shared = sectionsOf(textOf(env["AWS_SHARED_CREDENTIALS_FILE"] || join(homedir(), ".aws", "credentials")));
  const settings = config[profile === "default" ? profile : `profile ${profile}`] ?? {};
  return {
    region: env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || settings["region"] || "us-east-1",
    endpoint: env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || settings["endpoint_url"] || null,
    keys: keysOfEnvironment(env) ?? keysIn(shared[profile]) ?? keysIn(settings),
  };
}

function keysOfEnvironment(env: Variables): S3Keys | null {
  return keysFrom(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]);
}

function keysIn(section: Section = {}): S3Keys | null {
  return keysFrom(section["aws_access_key_id"], section["aws_secret_access_key"], section["aws_session_token"]);
}

function keysFrom(id: string | undefined, secret: string | undefined, token: string | undefined): S3Keys | null {
  if (!id || !secret) return null;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
}

/** Pure. Nested settings, which are indented, are left out. */
export function sectionsOf(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const name = /^\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (name !== undefined) {
      sections[name] ??= {};
      current = sections[name];
      continue;
    }
    const [, key, value] = /^([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) current[key.toLowerCase()] = value;
  }
  return sections;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
