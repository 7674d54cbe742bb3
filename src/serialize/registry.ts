/**
 * The apps of this process, by name. Functions never travel: every rank and worker loads the program and finds the
 * function in its own registry, so names must agree everywhere, and nothing may be added once work has begun.
 */

import { HeddleError } from "../errors.ts";
import type { AppEntry, CommandTemplate, ElementType, MergeOp, NativeEntry, Placement } from "../native/binding.ts";
import { fnv1a64 } from "../native/hash.ts";
import { type LoadedNative, loadNative } from "../native/library.ts";
import type { CommandSettings } from "./command-settings.ts";
import type { NativeLayout } from "./native-arguments.ts";
import type { Placeholders } from "./template.ts";
import { shorten } from "./values.ts";

/** A C function of a shared library, and how it is called. */
export interface NativeFunction {
  /** Absolute path of the library. */
  readonly library: string;
  readonly function: string;
  readonly layout: NativeLayout;
  /** How results of tasks that it spawns merge, or the C function that does it; null: it spawns none. */
  readonly merge: MergeOp | { readonly function: string } | null;
}

/** When a task that failed is tried again. */
export interface RetryPolicy {
  /** The most that failures may cost together. */
  readonly limit: number;
  /** Of one failure; null: 1. */
  readonly cost: ((error: HeddleError, tries: number) => number | "stop") | null;
}

/** Which calls are equal. */
export interface CachePolicy {
  readonly ignore: readonly (number | string)[];
  /** The user's; null: made of the app's source. */
  readonly version: string | null;
  readonly key: ((...args: never[]) => string) | null;
  /** What counts of files. */
  readonly files: "content" | "stat";
}

export interface CallPolicy {
  /** Null: never; undefined: as the program says. */
  readonly retries?: RetryPolicy | null | undefined;
  readonly cache: CachePolicy | null;
}

/** Files of calls beside their arguments: lists, or functions of the arguments. */
export interface FilePolicy {
  readonly inputs: readonly unknown[] | ((...args: never[]) => unknown) | null;
  readonly outputs: readonly unknown[] | ((...args: never[]) => unknown) | null;
}

/** One app, as defined. */
export interface AppDefinition {
  readonly name: string;
  readonly kind: "js" | "process" | "native";
  /** The function; null for a command template. */
  readonly fn: ((...args: never[]) => unknown) | null;
  readonly returns: ElementType | null;
  readonly walltimeMs: number;
  readonly placement: Placement;
  /** For `process`: what native code expands. */
  readonly command: CommandTemplate | null;
  /** For `process` with a template: what fills its slots. */
  readonly placeholders: Placeholders | null;
  /** For `process`: what its calls set over that; none: nothing. */
  readonly settings?: CommandSettings;
  /** For `native`: the C function. */
  readonly native: NativeFunction | null;
  /** Its tasks run in a process beside the JS worker that takes them. */
  readonly isolated: boolean;
  /** Text that must agree between ranks: the function's source, the template, or how a C function is called. */
  readonly source: string;
  /** Its function runs where it is called; no worker knows it. */
  readonly joins?: true;
  /** What calls of the program do beside running; none: nothing. */
  readonly policy?: CallPolicy;
  readonly files?: FilePolicy;
  /** Checks the arguments of a call before they are sent. Throws a PayloadError with ERR_SCHEMA. */
  readonly check?: (args: readonly unknown[]) => void;
  /** The app that this one is, with other options. */
  readonly base?: AppDefinition;
}

/** Of an app that says nothing about it. */
export const ANYWHERE: Placement = Object.freeze({ priority: 0, placement: "anywhere", target: 0, need: null });

/** Is it one of Heddle's own, which bring files for whoever needs them? */
export function isOwn({ name }: Pick<AppDefinition, "name">): boolean {
  return name.startsWith("heddle:");
}

/** A function app that asks for nothing. */
export function functionApp(name: string, fn: (...args: never[]) => unknown, source: string): AppDefinition {
  const nothing = { returns: null, walltimeMs: 0, command: null, placeholders: null, native: null, isolated: false };
  return { name, kind: "js", fn, source, placement: ANYWHERE, ...nothing };
}

interface Registry {
  readonly apps: Map<string, AppDefinition>;
  readonly hashes: Map<bigint, string>;
  frozen: string | null;
}

const NAME_MAX = 200;

// On `globalThis`, because a program and a worker's entry may load two copies of this module.
const KEY = Symbol.for("heddle.registry");
const holder = globalThis as unknown as Record<symbol, Registry | undefined>;

function registry(): Registry {
  holder[KEY] ??= { apps: new Map(), hashes: new Map(), frozen: null };
  return holder[KEY];
}

/** Adds an app. Throws ERR_APP_NAME, ERR_APP_DUPLICATE or ERR_APP_LATE. */
export function register(app: AppDefinition): void {
  const { apps, hashes, frozen } = registry();
  checkName(app.name);
  if (frozen !== null) {
    throw new HeddleError(
      "ERR_APP_LATE",
      `App "${app.name}" is defined after ${frozen} was called; workers cannot know it.`,
      "define it at the top level, before run(), or in a module named in start({ apps })",
    );
  }
  if (apps.has(app.name)) {
    throw new HeddleError(
      "ERR_APP_DUPLICATE",
      `Two apps are named "${app.name}".`,
      "rename one: the name is how ranks and workers find the function",
    );
  }
  const hash = fnv1a64(app.name);
  const other = hashes.get(hash);
  if (other !== undefined) {
    const both = `"${app.name}" and "${other}"`;
    throw new HeddleError("ERR_APP_DUPLICATE", `The names ${both} have the same 64-bit hash.`, "rename one of the two");
  }
  hashes.set(hash, app.name);
  apps.set(app.name, app);
}

/** Throws ERR_APP_NAME. */
export function checkName(name: unknown): void {
  if (typeof name !== "string" || name.length === 0 || name.length > NAME_MAX) {
    const got = typeof name === "string" ? `has ${name.length} characters` : `is ${shorten(name)}`;
    throw new HeddleError("ERR_APP_NAME", `The name of an app ${got}.`, `give a string of 1 to ${NAME_MAX} characters`);
  }
  if (name.startsWith("heddle:")) {
    throw new HeddleError("ERR_APP_NAME", `"${name}" is reserved.`, "choose a name that does not begin with heddle:");
  }
}

const INTERNAL = Symbol.for("heddle.registry.internal");

/** Apps of Heddle itself, with reserved names. */
function internalApps(): Map<string, AppDefinition> {
  const global = globalThis as unknown as Record<symbol, Map<string, AppDefinition> | undefined>;
  global[INTERNAL] ??= new Map();
  return global[INTERNAL];
}

/** @internal Adds an app of Heddle itself; the same one again is no fault. */
export function registerInternal(app: AppDefinition): void {
  internalApps().set(app.name, app);
}

export function findApp(name: string): AppDefinition | undefined {
  return registry().apps.get(name) ?? internalApps().get(name);
}

/** The apps that the program has defined. */
export function definedApps(): AppDefinition[] {
  return [...registry().apps.values()];
}

/** Ends the time in which apps may be defined. `by` names the caller in the error of a late app. */
export function freezeApps(by: string): void {
  registry().frozen ??= by;
}

/** @internal For a second start() after close(), and for tests. */
export function thawApps(): void {
  registry().frozen = null;
}

/** @internal For tests. */
export function forgetApps(): void {
  holder[KEY] = undefined;
}

/**
 * All apps as every rank must know them, in the order of their names. Opens the libraries of native apps: throws
 * ERR_NATIVE_LIBRARY or ERR_NATIVE_SYMBOL.
 */
export function appEntries(): AppEntry[] {
  const sorted = [...internalApps().values(), ...registry().apps.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.filter((app) => app.joins !== true).map(entryOf);
}

function entryOf(app: AppDefinition): AppEntry {
  const loaded = app.native === null ? null : loadNativeApp(app, app.native);
  // Where a library lies may differ between nodes, its content may not.
  const source = loaded === null ? app.source : `${app.source}\0${loaded.digest}`;
  return {
    name: app.name,
    kind: app.kind,
    fingerprint: fnv1a64(`${app.kind}\0${app.isolated}\0${app.returns ?? ""}\0${source}`),
    command: app.command,
    native: app.kind === "native" ? (loaded?.entry ?? null) : null,
  };
}

/** The C function of an isolated native app, opened in this process. Throws ERR_NATIVE_LIBRARY or ERR_NATIVE_SYMBOL. */
export function nativeEntry(app: AppDefinition, native: NativeFunction): NativeEntry {
  return loadNativeApp(app, native).entry;
}

function loadNativeApp(app: AppDefinition, native: NativeFunction): { entry: NativeEntry; digest: string } {
  const load = (name: string): LoadedNative => loadNative(app.name, native.library, name);
  const { number, digest } = load(native.function);
  const { merge } = native;
  const merges = merge === null || typeof merge === "string" ? merge : load(merge.function).number;
  return { entry: { function: number, merge: merges, returns: app.returns }, digest };
}
