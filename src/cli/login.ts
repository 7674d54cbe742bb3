/** `heddle login globus` and `heddle logout globus`. */

import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { HeddleError, headline } from "../errors.ts";
import { UUID } from "../staging/globus.ts";
import { GlobusLogin, sessionOptions } from "../staging/globus-login.ts";
import { Connections, globusSettings } from "../staging/globus-settings.ts";
import { type Options, parseOptions } from "./options.ts";

const names = ["collection", ...Object.keys(sessionOptions)];
const options: Options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));

/** The code is read from standard input: a line. */
export async function login(args: readonly string[]): Promise<void> {
  checkService("login", args, options);
  const given = valuesOf(args);
  const settings = globusSettings();
  if (settings.clientSecret !== null) {
    const hint = "unset it to log in as a user";
    throw new HeddleError(
      "ERR_CONFIG",
      "HEDDLE_GLOBUS_CLIENT_SECRET is set: programs ask as that app, without a login.",
      hint,
    );
  }
  const odd = given("collection").find((id) => !UUID.test(id));
  if (odd !== undefined)
    throw new HeddleError("ERR_CONFIG", `--collection is "${odd}".`, "give the UUID of a collection");
  await withLogin(async (globus) => {
    const { url, finish } = await globus.begin(given("collection"), sessionOf(given));
    console.log(`Open this address in a browser, log in, and allow it:\n\n${url}\n`);
    await finish(await ask("The code that is shown then: "));
    console.log(`Logged in. The login is kept in ${settings.tokens}.`);
  });
}

/** By option: every value that it was given. */
function valuesOf(args: readonly string[]): (name: string) => string[] {
  const all = Object.fromEntries(names.map((name) => [name, { type: "string", multiple: true } as const]));
  const { values } = parseArgs({ args: [...args], options: all, allowPositionals: true });
  return (name) => (values[name] as string[] | undefined) ?? [];
}

function sessionOf(given: (name: string) => string[]): Record<string, string> {
  const all = Object.entries(sessionOptions).map(([option, name]) => [name, given(option).join(",")] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== ""));
}

export async function logout(args: readonly string[]): Promise<void> {
  checkService("logout", args, {});
  await withLogin(async (globus) => console.log((await globus.end()) ? "Logged out." : "There is no login."));
}

function checkService(command: string, args: readonly string[], known: Options): void {
  const { positionals } = parseOptions(command, args, known);
  if (positionals.length === 1 && positionals[0] === "globus") return;
  const given = positionals.length === 0 ? "no service" : positionals.map((word) => `"${word}"`).join(" ");
  throw new HeddleError("ERR_CONFIG", `\`heddle ${command}\` got ${given}.`, `write \`heddle ${command} globus\``);
}

async function withLogin(work: (globus: GlobusLogin) => Promise<void>): Promise<void> {
  const settings = globusSettings();
  const connections = new Connections();
  try {
    await work(new GlobusLogin(settings, connections));
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    const hint = "look at the network, HTTPS_PROXY and HEDDLE_GLOBUS_AUTH";
    throw new HeddleError("ERR_GLOBUS_LOGIN", `${settings.auth} gave no answer: ${causeOf(cause)}.`, hint, { cause });
  } finally {
    await connections.close();
  }
}

/** What fetch() failed for, and not that it failed. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? causeOf(error.cause) : headline(error);
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stdout });
  try {
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const line = await Promise.race([lines.question(question), ended]);
    if (line.trim() !== "") return line;
  } finally {
    lines.close();
  }
  throw new HeddleError(
    "ERR_GLOBUS_LOGIN",
    "No code was given.",
    "run `heddle login globus` again, and paste what the browser shows",
  );
}
