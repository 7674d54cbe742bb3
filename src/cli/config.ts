/** `heddle config`: every option as a program would get it, and where it comes from. */

import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { configOf, isConfigFile, loadConfig } from "../apps/config.ts";
import type { LoadedConfig } from "../apps/layers.ts";
import { listOptions, type ResolvedRow, resolveOptions } from "../apps/resolve.ts";
import { HeddleError } from "../errors.ts";
import { type Options, parseOptions } from "./options.ts";

const options: Options = { json: { type: "boolean" } };

export async function config(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions("config", args, options);
  if (positionals.length > 1) {
    throw new HeddleError(
      "ERR_CONFIG",
      `\`heddle config\` was given ${positionals.length} files.`,
      "name one, or none",
    );
  }
  const loaded = await configFor(positionals[0]);
  resolveOptions({}, { by: "heddle config", config: loaded }); // What can only be seen of all together is wrong as well.
  const rows = listOptions(loaded, process.env);
  console.log(values["json"] === true ? asJson(loaded, rows) : asText(loaded, rows));
}

async function configFor(given: string | undefined): Promise<LoadedConfig | null> {
  if (given === undefined) return await configOf(process.cwd());
  const path = resolve(given);
  if (!existsSync(path)) {
    throw new HeddleError("ERR_CONFIG", `There is no ${path}.`, "name a program, a folder, or a configuration file");
  }
  if (isConfigFile(path)) return await loadConfig(path);
  return await configOf(statSync(path).isDirectory() ? path : dirname(path));
}

function asJson(loaded: LoadedConfig | null, rows: readonly ResolvedRow[]): string {
  const entries = rows.map(({ path, value, default: usual, from }) => [
    path,
    { value: value ?? null, default: usual, from },
  ]);
  return JSON.stringify({ file: loaded?.path ?? null, options: Object.fromEntries(entries) }, null, 2);
}

function asText(loaded: LoadedConfig | null, rows: readonly ResolvedRow[]): string {
  const shown = rows.map(({ path, value, default: usual, from }) => [
    path,
    value === undefined ? usual : typeof value === "string" ? value : JSON.stringify(value),
    from === loaded?.path ? "file" : from,
  ]);
  const widths = [0, 1].map((k) => Math.min(48, Math.max(...shown.map((row) => row[k]?.length ?? 0))));
  const lines = shown.map((row) => row.map((cell, k) => cell.padEnd(widths[k] ?? 0)).join("  "));
  return [`Configuration file: ${loaded?.path ?? "none"}`, "", ...lines].join("\n");
}
