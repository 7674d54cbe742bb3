/** What the scripts need from the system, and how it gets here. Plain Node.js: setup.mjs runs before anything is installed. */

import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

// Without a tool nothing can be built; without the others only the suites that need them are left out.
export const needs = [
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
  {
    name: "slurm",
    files: ["munged", "slurmctld", "slurmd", "sbatch"],
    packages: ["munge", "slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins"],
  },
  { name: "openssl", files: ["openssl"], packages: ["openssl"] }, // certificates of servers in tests
  { name: "sshd", files: ["sshd", "ssh-keygen"], packages: ["openssh-server", "openssh-client"] }, // These serve files.
  { name: "proftpd", files: ["proftpd"], packages: ["proftpd-core", "proftpd-mod-crypto"] },
  { name: "nginx", files: ["nginx"], packages: ["nginx-light"] },
  { name: "strace", files: ["strace"], packages: ["strace"] },
  { name: "ccache", files: ["ccache"], packages: ["ccache"] }, // A clone is compiled as this was.
  { name: "clang-format", files: ["clang-format-19"], packages: ["clang-format-19"] },
];

/** Is it on PATH, or where only root has its PATH; or, if it has a path of its own, there? */
export function isThere(file) {
  if (file.startsWith("/")) return existsSync(file);
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].some((folder) => {
    try {
      accessSync(join(folder, file), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What is not here. With `toolsOnly`: of that, what nothing can be built without. */
export function missing({ toolsOnly = false, there = isThere } = {}) {
  return needs.filter((need) => (need.tool || !toolsOnly) && !need.files.every(there));
}

/**
 * Installs what `still()` names, with `aptGet(args)`, which tells whether it worked. apt-get installs nothing at all when
 * it does not know one of the names, so then each need is tried by itself.
 */
export function installAll(still, aptGet, attempts = 3) {
  const install = (found) => aptGet(aptInstall(found.flatMap((need) => need.packages)));
  for (let attempt = 1; attempt <= attempts && still().length > 0; attempt++) {
    aptGet(["update"]);
    const all = still();
    if (!install(all) && all.length > 1) for (const need of all) install([need]);
  }
}

function aptInstall(packages) {
  return ["install", "-y", "--no-install-recommends", ...packages];
}

/** What to say of needs that are not met, and how to meet them. */
export function describeMissing(left) {
  const names = left.map((need) => need.name).join(", ");
  const packages = left.flatMap((need) => need.packages);
  const then = left.some((need) => need.tool)
    ? "nothing can be built"
    : "what needs them is not run, and counts as failed";
  return `Missing: ${names}; without them ${then}.\n  fix: sudo apt-get ${aptInstall(packages).join(" ")}`;
}
