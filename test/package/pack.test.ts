// The package as a user gets it: packed, installed into an empty project, and run there.

import { execFile } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const repository = new URL("../..", import.meta.url).pathname;
const project = mkdtempSync(join(tmpdir(), "heddle-package-"));
const installed = join(project, "node_modules", "heddle");

// What npm tells the scripts it runs would make an inner npm work on this repository instead of the project.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$/i.test(name)));

interface Place {
  cwd?: string;
  path?: string | undefined;
}

function run(
  command: string,
  args: string[],
  { cwd = project, path = environment["PATH"] }: Place = {},
): Promise<string> {
  const env = { ...environment, PATH: path };
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(" ")}: ${error.message}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

// Node.js, npm and the shell that npm calls; no compiler, no make, no Python.
const tools = join(project, "tools");

const program = `
import { app, range, run } from "heddle";

const square = app("square", (n) => n * n, { returns: "f64" });

await run(async () => {
  console.log("sum of squares:", await square.map(range(0, 1000)).reduce("sum"));
});
`;

const where = async (tool: string): Promise<string> =>
  tool === "node" ? process.execPath : realpathSync((await run("which", [tool])).trim());

beforeAll(async () => {
  await run("npm", ["pack", "--pack-destination", project], { cwd: repository });
  const [tarball] = readdirSync(project).filter((name) => name.endsWith(".tgz"));
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
  writeFileSync(join(project, "squares.js"), program);
  mkdirSync(tools);
  for (const tool of ["node", "npm", "sh"]) symlinkSync(await where(tool), join(tools, tool));
  await run("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`], { path: tools });
}, 900_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test("the package carries the prebuilt addon, the guardian and what MPI libraries are compiled from", () => {
  const prebuilt = join(installed, "prebuilds", `${process.platform}-${process.arch}`);
  expect(readdirSync(prebuilt).sort()).toEqual(["heddle-guardian", "heddle.node"]);
  accessSync(join(prebuilt, "heddle-guardian"), constants.X_OK);
  expect(readdirSync(join(installed, "native", "transport", "mpi"))).not.toEqual([]);
  expect(existsSync(join(installed, "build"))).toBe(false);
});

test("installed without any compiler, a program runs on threads", async () => {
  await expect(run("sh", ["-c", "command -v cc c++ gcc g++ clang make python3"], { path: tools })).rejects.toThrow();
  expect(await run("node", ["squares.js"], { path: tools })).toContain("sum of squares: 332833500");
});

test("a TypeScript program runs through the command", async () => {
  writeFileSync(join(project, "squares.ts"), program.replace("(n)", "(n: number): number"));
  expect(await run("npx", ["heddle", "run", "squares.ts"])).toContain("sum of squares: 332833500");
});

test("`heddle build-mpi` builds a library per MPI on the spot, and ranks of both run", async () => {
  await run("npx", ["heddle", "build-mpi"]);
  const built = readdirSync(join(installed, "build", "Release")).filter((name) => name.endsWith(".so"));
  expect(built.sort()).toEqual(["heddle-mpi-mpich.so", "heddle-mpi-openmpi.so"]);
  const openMpi = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"];
  expect(await run("mpiexec.mpich", ["-n", "2", process.execPath, "squares.js"])).toContain("332833500");
  expect(await run("mpiexec.openmpi", [...openMpi, process.execPath, "squares.js"])).toContain("332833500");
}, 900_000);
