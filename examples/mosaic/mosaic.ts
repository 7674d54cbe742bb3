/**
 * One image of the sky from many that overlap, each with a background of its own: project, compare, correct, add; the
 * pipeline of Montage (Jacob et al., 2009) in small. The images are made here, from a sky that is known.
 *
 *   heddle run examples/mosaic/mosaic.ts [FOLDER]
 *   heddle run -n 4 examples/mosaic/mosaic.ts
 *
 * Images are files: outputs of one call and arguments of others. A tile is projected as soon as it is there, and compared with a
 * neighbour as soon as both are. FOLDER keeps the files, with the mosaic as mosaic.pgm; over several hosts, all must see it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type AppFuture, app, type FileLike, run } from "heddle";
import { type Image, read } from "./image.ts";
import * as steps from "./steps.ts";

type File = AppFuture<FileLike>;

const observe = app("observe", steps.observe, { outputs: (_, out) => [out] });
const project = app("project", steps.project, { outputs: (_, out) => [out] });
const difference = app("difference", steps.difference);
const model = app("model", steps.model);
const correct = app("correct", steps.correct, { outputs: (_, __, ___, out) => [out] });
const add = app("add", steps.add, { outputs: (_, out) => [out] });

/** Of tiles as they are, and when corrected. Returns at once. */
function pipeline(folder: string): { bare: File; corrected: File } {
  const path = (name: string, k?: number): string => join(folder, k === undefined ? name : `${name}.${k}`);
  const made = (call: { outputs: readonly File[] }): File => call.outputs[0]!;

  const raw = Array.from({ length: steps.TILES ** 2 }, (_, k) => made(observe(k, path("raw", k))));
  const projected = raw.map((tile, k) => made(project(tile, path("projected", k))));
  const differences = steps.PAIRS.map(([i, j]) => difference(projected[i]!, projected[j]!));
  const planes = model(differences);
  const corrected = projected.map((tile, k) => made(correct(tile, planes, k, path("corrected", k))));
  return { bare: made(add(projected, path("bare"))), corrected: made(add(corrected, path("mosaic"))) };
}

/** Grey from black to white, in a format that image viewers know. */
function picture({ width, height, pixels }: Image): Buffer {
  const [low, high] = pixels.reduce(([l, h], light) => [Math.min(l, light), Math.max(h, light)], [Infinity, -Infinity]);
  const grey = pixels.map((light) => 255 * Math.sqrt((light - low) / (high - low)));
  return Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), Buffer.from(grey)]);
}

await run(async (engine) => {
  const kept = process.argv[2];
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), "mosaic-")) : resolve(kept);
  mkdirSync(folder, { recursive: true });
  try {
    const files = pipeline(folder);
    const [bare, corrected] = [read((await files.bare).path!), read((await files.corrected).path!)];
    const [before, after] = [steps.errorOf(bare), steps.errorOf(corrected)];
    writeFileSync(join(folder, "mosaic.pgm"), picture(corrected));
    console.log(`a mosaic of ${corrected.width} x ${corrected.height} pixels from ${steps.TILES ** 2} tiles`);
    console.log(`root mean square of its error: ${before.toFixed(2)} as they are, ${after.toFixed(2)} corrected`);
    if (after > 0.5) process.exitCode = 1; // The noise of a tile is 0.2, the brightest star 64.
  } finally {
    await engine.wait(); // Where one task failed, others may still write.
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
});
