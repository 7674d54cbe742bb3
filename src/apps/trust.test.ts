import { expect, test } from "vitest";
import { distrust } from "./trust.ts";

const [me, root, stranger, programs] = [1000, 0, 1001, 1002];
const entry = (uid: number, mode = 0o644): { uid: number; mode: number } => ({ uid, mode });
const mine = { link: entry(me), file: entry(me), folder: entry(me, 0o755) };

test.each([
  ["of this user", mine, null],
  ["of root", { ...mine, link: entry(root), file: entry(root) }, null],
  ["of whoever owns the program", { ...mine, link: entry(programs), file: entry(programs) }, null],
  ["of another user", { ...mine, link: entry(stranger), file: entry(stranger) }, "uid 1001; you are 1000"],
  ["that another user's link leads to", { ...mine, link: entry(stranger, 0o777) }, "another user"],
  ["that all may write", { ...mine, file: entry(me, 0o666) }, "every user may write it"],
  ["that a group may write", { ...mine, file: entry(me, 0o664), folder: entry(me, 0o775) }, null],
  ["in /tmp", { ...mine, folder: entry(root, 0o1777) }, null],
  ["in a folder that all may write", { ...mine, folder: entry(root, 0o777) }, "every user may replace it"],
])("a configuration file %s", (_, entries, why) => {
  const found = distrust(entries, [me, root, programs]);
  if (why === null) expect(found).toBeNull();
  else expect(found).toContain(why);
});
