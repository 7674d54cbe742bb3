/** Files of this machine, and of file systems that it sees. */

import { chmod, copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { fromSystem } from "./errors.ts";
import type { Download, StagingProvider } from "./provider.ts";

export const localProvider: StagingProvider = {
  name: "local files",
  schemes: ["file"],

  async download(source: URL, { path, began }: Download): Promise<void> {
    const from = fileURLToPath(source);
    try {
      const { size, mtimeMs } = await stat(from);
      began(`${size}-${mtimeMs}`, 0, size);
      await copyFile(from, path);
    } catch (error) {
      throw fromSystem(error, source, path);
    }
  },

  async upload(path: string, target: URL): Promise<void> {
    const to = fileURLToPath(target);
    const unfinished = `${to}.${process.pid}.part`;
    try {
      await mkdir(dirname(to), { recursive: true });
      await copyFile(path, unfinished);
      await chmod(unfinished, (await stat(path)).mode & 0o777);
      await rename(unfinished, to);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw fromSystem(error, target, to);
    }
  },
};
