/** Runs the commands of the scripts. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("..", import.meta.url));

export interface Ended {
  code: number;
  output: string;
}

/** A program of node_modules. */
export function local(name: string): string {
  return `${root}node_modules/.bin/${name}`;
}

/** Runs a command in the repository, shows what it prints, and returns that too. */
export function run(command: string, args: string[], cwd: string = root): Promise<Ended> {
  console.log(`> ${[command, ...args].join(" ").replaceAll(root, "")}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stderr.write(chunk);
    });
    child.once("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** As `run`, and ends the script if the command fails. */
export async function must(command: string, args: string[], cwd: string = root): Promise<Ended> {
  const ended = await run(command, args, cwd);
  if (ended.code === 0) return ended;
  console.error(`${command} ended with code ${ended.code}`);
  process.exit(ended.code);
}
