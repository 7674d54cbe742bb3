/** Promises about files that every node gets. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { broadcast, type HeddleError } from "heddle";
import { expect } from "vitest";
import { contentOf } from "../helpers/apps.ts";
import { type Checks, failureOf, quiet, tasksByRank } from "./check.ts";

export const broadcastChecks: Checks = {
  "a file is put onto every node, with its name, its content and its permissions": async ({ engine, folder }) => {
    const file = join(folder, "tool.sh");
    const bytes = randomBytes(9_000_001); // Three pieces.
    writeFileSync(file, bytes, { mode: 0o750 });
    const path = await broadcast(file);
    expect(path).not.toBe(file);
    expect(basename(path)).toBe("tool.sh");
    for (let rank = 0; rank < engine.ranks; rank++) {
      const [seen] = await contentOf.map([path], { target: { rank } });
      expect(seen?.mode).toBe(0o750);
      expect(bytes.equals(seen?.bytes as Uint8Array)).toBe(true);
    }
  },

  "pieces go down a tree, each rank of it has them once": async ({ engine, folder }) => {
    // As if each rank were on a node of its own: the tests have no more than two nodes.
    const index = import.meta.resolve("heddle");
    const { sendDown } = await import(new URL(`apps/broadcast${index.slice(-3)}`, index).href);
    const ranks = Array.from({ length: engine.ranks }, (_, rank) => rank);
    await quiet(engine);
    const before = tasksByRank(engine);
    const bytes = new Uint8Array(100).fill(7);
    const path = join(folder, "tree");
    await sendDown(ranks, { do: "write", path, offset: 0, bytes });
    expect(tasksByRank(engine).map((tasks, rank) => tasks - (before[rank] as number))).toEqual(ranks.map(() => 1));
    await expect(sendDown(ranks, { do: "finish", path, size: 99, mode: 0o600 })).rejects.toThrow("not 99");
  },

  "it goes to the folder that is named, and an empty one too": async ({ folder }) => {
    const file = join(folder, "empty");
    writeFileSync(file, "");
    const to = join(folder, "some", "where");
    const both = await Promise.all([
      broadcast(file, { to }),
      broadcast(new URL(`file://${join(folder, "tool.sh")}`), { to }),
    ]);
    expect(both).toEqual([join(to, "empty"), join(to, "tool.sh")]);
    expect(readFileSync(join(to, "empty"))).toHaveLength(0);
    expect(existsSync(join(to, "tool.sh.part"))).toBe(false);
  },

  "what cannot be read or written is an error that says where and why": async ({ folder }) => {
    const missing = await failureOf<HeddleError>(broadcast(join(folder, "missing")));
    expect(missing).toMatchObject({
      code: "ERR_BROADCAST",
      message: expect.stringContaining("cannot be read: Error: ENOENT"),
    });
    const to = join(folder, "empty", "below"); // That is a file.
    const failure = await failureOf<HeddleError>(broadcast(join(folder, "tool.sh"), { to }));
    expect(failure.code).toBe("ERR_BROADCAST");
    expect(failure.message).toMatch(
      /tool\.sh cannot be written as .*below\/tool\.sh on rank 0 \(\S+\): Error: ENOTDIR/,
    );
    expect(await failureOf(broadcast(join(folder, "tool.sh"), { to: "below" }))).toMatchObject({ code: "ERR_CONFIG" });
  },
};
