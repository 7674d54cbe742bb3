/** Runs a launcher as if it stood in the place of this process: same terminal, same signals, same end. */

import { spawn, spawnSync } from "node:child_process";
import { isatty } from "node:tty";
import { HeddleError } from "../errors.ts";
import type { Launch } from "../launchers/launcher.ts";

const passedOn: NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR2"];

/** Ends this process as the launcher ends. */
export async function runLaunch({ argv, environment }: Launch): Promise<never> {
  const [program, ...args] = [...endsWithParent(), ...argv] as [string, ...string[]];
  const child = spawn(program, args, { stdio: "inherit", env: { ...process.env, ...environment } });
  for (const signal of passedOn) process.on(signal, () => child.kill(signal));
  // A terminal sends Ctrl-C to both; twice would make mpiexec give up on its ranks.
  const bothGetIt = isatty(0);
  process.on("SIGINT", () => void (bothGetIt || child.kill("SIGINT")));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("exit", (...ended) => resolve(ended));
    child.once("error", (error) =>
      reject(new HeddleError("ERR_LAUNCHER", `${argv[0]} does not start: ${error.message}`, "run `heddle doctor`")),
    );
  });
  if (signal !== null) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exit(code ?? 1);
}

// Should this process be killed, the launcher gets a SIGTERM and ends its ranks.
function endsWithParent(): string[] {
  const guard = ["setpriv", "--pdeathsig", "TERM"] as const;
  const { status } = spawnSync(guard[0], [...guard.slice(1), "true"], { stdio: "ignore" });
  return status === 0 ? [...guard] : [];
}
