/**
 * From a clean clone to a running program. Plain Node.js, because nothing is installed yet.
 *
 *   node scripts/setup.mjs quickstart    tools, packages, build, and the screening example on threads
 *   node scripts/setup.mjs test          the same, and all tests; ends with "N passed, N failed"
 *
 * What is missing is installed with apt-get when this is root; otherwise the exact command is printed.
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const mode = process.argv[2];

// Without a tool nothing can be built; without the others only the suites that need them are left out.
const needs = [
  { name: "git", files: ["git"], packages: ["git"], tool: true },
  { name: "g++", files: ["g++"], packages: ["g++"], tool: true },
  { name: "cmake", files: ["cmake"], packages: ["cmake"], tool: true },
  { name: "make", files: ["make"], packages: ["make"], tool: true },
  { name: "doctest", files: ["/usr/include/doctest/doctest.h"], packages: ["doctest-dev"] },
  { name: "mpich", files: ["mpicxx.mpich", "mpiexec.mpich"], packages: ["mpich", "libmpich-dev"] },
  {
    name: "openmpi",
    files: ["mpicxx.openmpi", "mpiexec.openmpi"],
    packages: ["openmpi-bin", "libopenmpi-dev", "openssh-client"],
  },
  { name: "python3", files: ["python3"], packages: ["python3"] }, // node-gyp
  { name: "iproute2", files: ["ip", "unshare", "nsenter"], packages: ["iproute2", "util-linux"] }, // two hosts on one machine
  { name: "clang-format", files: ["clang-format-19"], packages: ["clang-format-19"] },
];

function isThere(file) {
  if (file.startsWith("/")) return existsSync(file);
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, file), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function missing() {
  return needs.filter((need) => (need.tool || mode === "test") && !need.files.every(isThere));
}

function run(command, args, env = {}) {
  console.log(`> ${[command, ...args].join(" ")}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (error) console.error(String(error));
  return status ?? 1;
}

function must(command, args, env) {
  const status = run(command, args, env);
  if (status !== 0) process.exit(status);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  console.error(`Node.js ${process.versions.node} is too old.\n  fix: install Node.js 20.20 or newer`);
  process.exit(1);
}

function installMissing() {
  const packages = missing().flatMap((need) => need.packages);
  if (packages.length === 0) return [];
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  if (process.getuid?.() === 0 && isThere("apt-get")) {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    for (let attempt = 1; attempt <= 3 && missing().length > 0; attempt++) {
      run("apt-get", ["update"], env);
      run("apt-get", install, env);
    }
  }
  const left = missing();
  if (left.length > 0) {
    const names = left.map((need) => need.name).join(", ");
    console.error(`Missing: ${names}.\n  fix: sudo apt-get ${install.join(" ")}`);
  }
  if (left.some((need) => need.tool)) process.exit(1);
  return left.map((need) => need.name);
}

function installPackages() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const wanted = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  must("npm", ["ci"]);
}

if (mode !== "quickstart" && mode !== "test") {
  console.error("usage: node scripts/setup.mjs quickstart | test");
  process.exit(2);
}
checkNode();
const left = installMissing();
installPackages();
const tsx = join(root, "node_modules", ".bin", "tsx");
if (mode === "quickstart") {
  must(tsx, ["scripts/build.ts", "--no-mpi"]); // It runs on threads; MPI libraries are built on first need.
  must(process.execPath, ["dist/cli/main.js", "run", "examples/screening/screen.ts"]);
} else {
  must(tsx, ["scripts/check.ts", "--all"], { HEDDLE_MISSING: left.join(",") });
}
