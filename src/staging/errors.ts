/** Errors of files: what they say of a URL, and which of them another attempt may mend. */

import { fileURLToPath } from "node:url";
import type { ErrorCode } from "../error-codes.ts";
import { HeddleError } from "../errors.ts";

const SECRET = /^(x-amz-|sig|signature|token|access_token|key|password|awsaccesskeyid)/i;

/** The same file without passwords and signatures: what may be written down. What is no URL stays, but for what looks like a login. */
export function withoutSecrets(url: string | URL): string {
  if (!URL.canParse(String(url))) return String(url).replace(/:\/\/[^/@]*@/, "://***@");
  const copy = new URL(url);
  if (copy.password !== "") copy.password = "***";
  for (const name of [...copy.searchParams.keys()]) if (SECRET.test(name)) copy.searchParams.set(name, "***");
  return copy.href;
}

/** The same for people: of a local file its path. */
export function shown(url: string | URL): string {
  const text = withoutSecrets(url);
  if (!text.startsWith("file:")) return text;
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}

export function fileError(
  code: ErrorCode,
  url: string | URL,
  what: string,
  hint: string | null,
  cause?: unknown,
): HeddleError {
  return new HeddleError(code, `${shown(url)} ${what}.`, hint, cause === undefined ? {} : { cause });
}

const FINAL: ReadonlySet<string> = new Set([
  "ERR_FILE",
  "ERR_FILE_CREDENTIALS",
  "ERR_FILE_HOST",
  "ERR_FILE_NOT_FOUND",
  "ERR_FILE_REFUSED",
  "ERR_FILE_SPACE",
  "ERR_GLOBUS_COLLECTION",
  "ERR_GLOBUS_CONSENT",
  "ERR_GLOBUS_LOGIN",
  "ERR_GLOBUS_TASK",
]);

/** Will it be the same next time? */
export function isFinal(error: unknown): boolean {
  return error instanceof HeddleError && FINAL.has(error.code);
}

/** What a system call on a file here failed for; other errors as they are. */
export function fromSystem(error: unknown, url: string | URL, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    const hint = "make room on that disk, or name another folder: staging: { cache }";
    return fileError("ERR_FILE_SPACE", url, `does not fit: no space is left for ${path}`, hint, error);
  }
  if (code === "ENOENT") {
    return fileError("ERR_FILE_NOT_FOUND", url, "does not exist", "check the path", error);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    const hint = "check the permissions of the file and its folders";
    return fileError("ERR_FILE_CREDENTIALS", url, `is refused: ${(error as Error).message}`, hint, error);
  }
  if (code === "EISDIR") return fileError("ERR_FILE_REFUSED", url, "is a folder", "name a file", error);
  return error;
}
