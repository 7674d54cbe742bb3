/** http: and https: files. */

import { loginOf } from "./netrc.ts";
import { type Asking, fetched, overHttp, statusError } from "./over-http.ts";
import type { StagingProvider } from "./provider.ts";

const CREDENTIALS = "credentials are taken from the URL (https://user:password@host/), or from ~/.netrc";

async function send(url: URL, asking: Asking, answers: readonly number[]): Promise<Response> {
  const bare = new URL(url);
  bare.username = bare.password = "";
  const login = loginOf(url);
  const headers = { ...asking.headers };
  if (login !== null) {
    headers["authorization"] = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  }
  const response = await fetched(bare, { ...asking, headers });
  const { status, statusText } = response;
  if (status < 400 || answers.includes(status)) return response;
  await response.body?.cancel();
  throw statusError(url, response, `HTTP ${status} ${statusText}`.trim(), CREDENTIALS);
}

export const httpProvider: StagingProvider = {
  name: "HTTP",
  schemes: ["http", "https"],
  ...overHttp(send, "if-range"),
};
