/**
 * A dataflow: futures are arguments of other calls, and a task starts when its inputs are there. Nothing waits for a
 * whole stage to end.
 *
 *   heddle run examples/dataflow.ts
 *
 * A string is sorted by merging: cut it to pieces, sort each, merge two at a time up to the root of a tree.
 */
import { type AppFuture, app, run } from "heddle";

const TEXT = "sphinx of black quartz, judge my vow";

const sorted = app("sorted", (piece: string) => [...piece].sort().join(""));

const merged = app("merged", (a: string, b: string) => {
  let text = "";
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const takeA = j === b.length || (i < a.length && (a[i] as string) <= (b[j] as string));
    text += takeA ? a[i++] : b[j++];
  }
  return text;
});

/** The future of the sorted text. Returns at once: the calls below run when what they need is ready. */
function mergeSort(text: string): AppFuture<string> {
  if (text.length <= 4) return sorted(text);
  const middle = text.length >> 1;
  return merged(mergeSort(text.slice(0, middle)), mergeSort(text.slice(middle)));
}

await run(async () => {
  const letters = await mergeSort(TEXT);
  console.log(letters.trim());
});
