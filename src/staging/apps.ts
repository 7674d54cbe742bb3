/** Apps of Heddle's own that move files. Every rank and worker knows them; what they use is loaded by the first task. */

import { type AppDefinition, functionApp, registerInternal } from "../serialize/registry.ts";
import { shown } from "./errors.ts";
import type { PlainFile } from "./file.ts";
import type { Look } from "./look.ts";
import type { StagingSettings } from "./settings.ts";
import type { WantedFile } from "./tasks.ts";

type Tasks = typeof import("./tasks.ts");

const tasks = (): Promise<Tasks> => import("./tasks.ts");

function internal(name: string, fn: (...args: never[]) => unknown): AppDefinition {
  const definition = functionApp(name, fn, "1");
  registerInternal(definition);
  return definition;
}

const labels = { in: "stage in of", out: "stage out of", folder: "folder for" };

/** What errors call the task that brings this file, or path. */
export function labelOf(what: keyof typeof labels, url: string): string {
  return `${labels[what]} ${shown(url)}`;
}

export const stagingApps: Record<"in" | "out" | "folder" | "look" | "missing", AppDefinition> = {
  in: internal("heddle:stage-in", async (ref: WantedFile, settings: StagingSettings, signal?: AbortSignal) =>
    (await tasks()).stageIn(ref, settings, signal),
  ),
  out: internal(
    "heddle:stage-out",
    async (path: string, ref: PlainFile, settings: StagingSettings, signal?: AbortSignal) =>
      (await tasks()).stageOut(path, ref, settings, signal),
  ),
  folder: internal("heddle:make-folder", async (path: string) => (await tasks()).makeFolder(path)),
  missing: internal("heddle:look-for-outputs", async (paths: readonly string[]) => (await tasks()).missing(paths)),
  look: internal("heddle:look-at-file", async (path: string, content: boolean) => (await tasks()).look(path, content)),
};

/** Of a file here; see `look`. */
export async function lookAt(path: string, content: boolean): Promise<Look> {
  return (await tasks()).look(path, content);
}

/** Of a file elsewhere. */
export async function lookAtUrl(url: string, settings: StagingSettings): Promise<Look> {
  return (await tasks()).lookAtUrl(url, settings);
}

/** Of paths here, those where nothing is. */
export async function missing(paths: readonly string[]): Promise<string[]> {
  return (await tasks()).missing(paths);
}

/** Ends what is under way in this thread, which fails with `reason`, and removes a folder of outputs. */
export async function endStaging(folder: string, reason: Error): Promise<void> {
  const { closeStagers, removeOutputs } = await tasks();
  await closeStagers(reason);
  await removeOutputs(folder);
}
