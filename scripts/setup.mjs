/**
 * From a clean clone to a running program. Plain Node.js, because nothing is installed yet.
 *
 *   node scripts/setup.mjs quickstart [OPTION...]    tools, packages, build, and the screening example on threads
 *   node scripts/setup.mjs test                      the same, and all tests; ends with "N passed, N failed"
 *
 * What is missing is installed with apt-get when this is root; otherwise the exact command is printed. Options of the
 * example go behind two dashes: `npm run quickstart -- --limit 500`.
 */

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeMissing, installAll, isThere, missing } from "./needs.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const [mode, ...options] = process.argv.slice(2);

function run(command, args, env = {}) {
  console.log(`> ${[command, ...args].join(" ")}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (error) console.error(String(error));
  return status ?? 1;
}

function must(command, args) {
  const status = run(command, args);
  if (status !== 0) process.exit(status);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  console.error(`Node.js ${process.versions.node} is too old.\n  fix: install Node.js 20.20 or newer`);
  process.exit(1);
}

function installMissing() {
  const still = () => missing({ toolsOnly: mode === "quickstart" });
  if (still().length > 0 && process.getuid?.() === 0 && isThere("apt-get")) {
    installAll(still, (args) => run("apt-get", args, { DEBIAN_FRONTEND: "noninteractive" }) === 0);
  }
  const left = still();
  if (left.length > 0) console.error(describeMissing(left));
  if (left.some((need) => need.tool)) process.exit(1);
}

function installPackages() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const wanted = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  must("npm", ["ci"]);
}

if (mode !== "quickstart" && (mode !== "test" || options.length > 0)) {
  console.error("usage: node scripts/setup.mjs quickstart [OPTION...] | test");
  process.exit(2);
}
checkNode();
installMissing();
installPackages();
const tsx = join(root, "node_modules", ".bin", "tsx");
if (mode === "quickstart") {
  must(tsx, ["scripts/build.ts", "--no-mpi"]); // It runs on threads; MPI libraries are built on first need.
  must(process.execPath, ["dist/cli/main.js", "run", "examples/screening/screen.ts", ...options]);
} else {
  must(tsx, ["scripts/check.ts", "--all"]);
}
