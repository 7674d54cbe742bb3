/** Logins of ~/.netrc (or NETRC), as curl, wget and ftp read them. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Login {
  user: string;
  password: string;
}

/** The login for a host; null: there is none. */
export function netrcLogin(host: string): Login | null {
  let text: string;
  try {
    text = readFileSync(process.env["NETRC"] || join(homedir(), ".netrc"), "utf8");
  } catch {
    return null;
  }
  return loginIn(text, host);
}

/** Pure: the first entry for the host, else the default. */
export function loginIn(text: string, host: string): Login | null {
  const words = text
    .replace(/^\s*#.*$/gm, "")
    .split(/\s+/)
    .filter(Boolean);
  let fits = false;
  let login: Partial<Login> = {};
  for (let k = 0; k < words.length; k++) {
    const word = words[k];
    if (word === "machine" || word === "default") {
      if (fits && login.user !== undefined) break;
      fits = word === "default" || words[++k] === host;
      login = {};
    } else if (word === "login" && fits) login.user = words[++k] ?? "";
    else if (word === "password" && fits) login.password = words[++k] ?? "";
    else if (word === "login" || word === "password" || word === "account") k++;
  }
  return fits && login.user !== undefined ? { user: login.user, password: login.password ?? "" } : null;
}

/** Of the URL itself, else of ~/.netrc. */
export function loginOf(url: URL): Login | null {
  if (url.username === "") return netrcLogin(url.hostname);
  return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
}
