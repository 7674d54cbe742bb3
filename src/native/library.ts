/** Shared libraries with native apps: opened once in a process, and told apart by their content. */

import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import { type ErrorCode, HeddleError } from "../errors.ts";
import { loadBinding, packageRoot } from "./load.ts";

/** Folder of heddle.h. */
export const includeFolder: string = join(packageRoot, "native", "include");

/** A function of a library that is open. */
export interface LoadedNative {
  /** The addon's number for the function. */
  number: number;
  /** SHA-256 of the library's content: the same wherever the file lies. */
  digest: string;
}

const digests = new Map<string, string>();

/** Opens the library at `path`, an absolute one. Throws ERR_NATIVE_LIBRARY or ERR_NATIVE_SYMBOL, which name app and path. */
export function loadNative(app: string, path: string, name: string): LoadedNative {
  try {
    return { number: loadBinding().loadNative(path, name), digest: digestOf(path) };
  } catch (cause) {
    const { code, message } = cause as { code?: ErrorCode; message: string };
    if (code === "ERR_NATIVE_SYMBOL") {
      const what = `App "${app}": the shared library ${path} has no function "${name}": ${message}`;
      throw new HeddleError(code, what, symbolHint(path), { cause });
    }
    if (code !== "ERR_NATIVE_LIBRARY") throw cause;
    const foreign = existsSync(path) ? foreignTo(firstBytes(path)) : null;
    const why = foreign === null ? message : `${message} (${foreign})`;
    const what = `App "${app}": the shared library ${path} cannot be opened on ${hostname()}: ${why}`;
    throw new HeddleError(code, what, libraryHint(path, message, foreign), { cause });
  }
}

function digestOf(path: string): string {
  let digest = digests.get(path);
  if (digest === undefined) {
    // Loaded when needed: every rank and every worker pays for what stands at the top.
    const { createHash } = createRequire(import.meta.url)("node:crypto") as typeof import("node:crypto");
    digest = createHash("sha256").update(readFileSync(path)).digest("hex");
    digests.set(path, digest);
  }
  return digest;
}

function symbolHint(path: string): string {
  return `\`nm -D --defined-only ${path}\` lists what it has; the function must not be static, and in C++ be extern "C"; name it with \`function\``;
}

function libraryHint(path: string, message: string, foreign: string | null): string {
  const build = `gcc -O3 -shared -fPIC -I ${includeFolder} -o ${path} SOURCE.c`;
  if (!existsSync(path)) return `build it where every rank sees it: ${build}`;
  if (foreign !== null || /ELF|file too short|dynamically load/.test(message)) {
    return `build it on a machine like this one (${process.platform} ${process.arch}): ${build}`;
  }
  if (message.includes("undefined symbol")) return "link it with the library that defines this symbol: -lNAME";
  if (message.includes("version `")) return "build it on the oldest system that is to run it";
  return `\`ldd ${path}\` shows which library it needs and does not find: set LD_LIBRARY_PATH, or link with -Wl,-rpath`;
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(20);
  try {
    const file = openSync(path, "r");
    const length = readSync(file, bytes);
    closeSync(file);
    return bytes.subarray(0, length);
  } catch {
    return bytes.subarray(0, 0);
  }
}

const machines: Record<number, string> = {
  3: "ia32",
  21: "ppc64",
  22: "s390x",
  40: "arm",
  62: "x64",
  183: "arm64",
  243: "riscv64",
};

/**
 * Why a file that begins with `head` is nothing for this process; null: it may be. The dynamic linker says of a library
 * for another processor that there is no such file. Pure.
 */
export function foreignTo(head: Uint8Array, own: string = process.arch): string | null {
  if (head.length < 20 || String.fromCharCode(...head.subarray(0, 4)) !== "\x7fELF") return "it is no ELF file";
  const machine = (head[18] as number) + 256 * (head[19] as number); // Of a little-endian file.
  const name = machines[machine] ?? `machine ${machine}`;
  return name === own ? null : `it was built for ${name}, this process is ${own}`;
}
