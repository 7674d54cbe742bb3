/**
 * The app that combines partial results of a reduction by an app: it runs on a worker, like any task, so that the main
 * thread never calls what a user wrote.
 */

import { type Block, mergeHalves } from "../serialize/blocks.ts";
import { ANYWHERE, findApp, registerInternal } from "../serialize/registry.ts";

export const FOLD_APP = "heddle:fold";

/** Merges halves of blocks; when `complete`, combines what is left from left to right into one. */
export async function fold(reducer: string, blocks: Block<unknown>[], complete: boolean): Promise<Block<unknown>[]> {
  const fn = findApp(reducer)?.fn as ((left: unknown, right: unknown) => unknown) | null | undefined;
  if (typeof fn !== "function") throw new Error(`this worker knows no app "${reducer}"`);
  const merged = await mergeHalves(blocks, fn);
  const [head, ...rest] = merged;
  if (!complete || head === undefined) return merged;
  let { value } = head;
  for (const block of rest) value = await fn(value, block.value);
  return [{ first: head.first, last: rest.at(-1)?.last ?? head.last, value }];
}

registerInternal({
  name: FOLD_APP,
  kind: "js",
  fn: fold as (...args: never[]) => unknown,
  returns: null,
  walltimeMs: 0,
  placement: ANYWHERE,
  command: null,
  placeholders: null,
  isolated: false,
  native: null,
  source: "1",
});
