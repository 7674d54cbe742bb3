/**
 * Where does a sample's genome differ from the reference? A pipeline of shell commands over files: the reads are split,
 * aligned piece by piece, sorted, merged, and piled up.
 *
 *   heddle run examples/genome/genome.ts [FOLDER]
 *
 * Each command begins when the files are there that it reads; the program waits for the last alone. The data is made here, so
 * that what is found can be compared with what was put in. FOLDER keeps the files; over several hosts, all of them must see it.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type AppFuture, app, bashApp, type FileLike, run } from "heddle";
import { CALL, GENOME_LENGTH, INDEX, PILE, PLACE, sequenced } from "./steps.ts";

const PIECES = 4;

/** Makes both files; knows which differences the sample has. */
const sequence = app("sequence", sequenced, { outputs: (genome, reads) => [genome, reads] });

const split = bashApp("split", ["split", "-d", "-a1", "-n", `l/${PIECES}`, "{reads}", "{prefix}"], {
  outputs: ({ prefix }) => Array.from({ length: PIECES }, (_, k) => `${prefix}${k}`),
});

// awk's own braces stay as they are: its programs are values here, not part of the templates.
const toOut = { stdout: "{out}", outputs: ({ out }: { out: string }) => [out] };
const index = bashApp("index", ["awk", "{program}", "{genome}"], toOut);
const align = bashApp("align", ["awk", "{program}", "{words}", "{reads}"], { ...toOut, retries: 1, walltime: 60 });
const sort = bashApp("sort", ["sort", "-n", "{aligned}"], toOut);
const merge = bashApp("merge", (out: string, ...sorted: string[]) => ["sort", "-n", "-m", "-o", out, ...sorted], {
  outputs: (out) => [out],
});
const variants = bashApp("variants", "awk {pile} {aligned} | sort -n | awk {call} {genome} -");

/** The whole pipeline. Returns at once: what is found, and what was put in. */
function pipeline(folder: string): { found: AppFuture<{ stdout: string }>; planted: AppFuture<string[]> } {
  const path = (name: string): string => join(folder, name);
  const made = (call: { outputs: readonly AppFuture<FileLike>[] }): AppFuture<FileLike> => call.outputs[0]!;

  const planted = sequence(path("genome"), path("reads"));
  const [genome, reads] = planted.outputs as [AppFuture<FileLike>, AppFuture<FileLike>];
  const indexed = made(index({ program: INDEX, genome, out: path("index") }));
  const pieces = split({ reads, prefix: path("reads.") }).outputs;
  const sorted = pieces.map((piece, k) => {
    const aligned = made(align({ program: PLACE, words: indexed, reads: piece, out: path(`aligned.${k}`) }));
    return made(sort({ aligned, out: path(`sorted.${k}`) }));
  });
  const aligned = made(merge(path("aligned"), ...sorted));
  return { found: variants({ pile: PILE, aligned, call: CALL, genome }), planted };
}

await run(async (engine) => {
  const kept = process.argv[2];
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), "genome-")) : resolve(kept);
  mkdirSync(folder, { recursive: true });
  try {
    const { found, planted } = pipeline(folder);
    const [lines, truth] = [(await found).stdout.trimEnd().split("\n"), await planted];
    const right = lines.filter((line) => truth.includes(line)).length;
    console.log(`${lines.length} differences found in ${GENOME_LENGTH} bases, such as ${lines[0]}`);
    console.log(`${right} of them are right, of ${truth.length} that the sample has`);
    if (right !== truth.length || right !== lines.length) process.exitCode = 1;
  } finally {
    await engine.wait(); // Where one command failed, others may still write.
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
});
