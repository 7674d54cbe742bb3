/** What the steps of the pipeline do: the sequencer as a function, the others as programs of awk. */
import { writeFileSync } from "node:fs";
import { context } from "heddle";

export const GENOME_LENGTH = 8_000;
const READS = 2_000; // Of 100 bases: each base is read 25 times, give or take.
const READ_LENGTH = 100;
const VARIANTS = 40;
const ERRORS = 0.01; // Of the bases that are read.

/**
 * A random genome, and reads from a sample that differs from it. Writes both files.
 *
 * @returns Each difference as "position from>to", positions from 1, in order.
 */
export function sequenced(genomeFile: string, readsFile: string): string[] {
  const { random } = context();
  const below = (n: number): number => Math.floor(random() * n);
  const other = (base: string): string => "ACGT".replace(base, "")[below(3)]!;

  const genome = Array.from({ length: GENOME_LENGTH }, () => "ACGT"[below(4)]!);
  const sample = [...genome];
  // Not at the ends, where few reads reach.
  const places = new Set<number>();
  while (places.size < VARIANTS) places.add(READ_LENGTH + below(GENOME_LENGTH - 2 * READ_LENGTH));
  for (const place of places) sample[place] = other(genome[place]!);

  const reads = Array.from({ length: READS }, (_, k) => {
    const from = below(GENOME_LENGTH - READ_LENGTH + 1);
    const bases = sample.slice(from, from + READ_LENGTH).map((base) => (random() < ERRORS ? other(base) : base));
    return `read${k} ${bases.join("")}\n`;
  });
  writeFileSync(genomeFile, `${genome.join("")}\n`);
  writeFileSync(readsFile, reads.join(""));
  return [...places].sort((a, b) => a - b).map((k) => `${k + 1} ${genome[k]}>${sample[k]}`);
}

/** Every word of 16 bases and where it begins. */
export const INDEX = `{ for (i = 1; i + 15 <= length($0); i++) print substr($0, i, 16), i }`;

/** Where each read begins: the place that most of its words agree on. Of index and reads: place, read, bases. */
export const PLACE = `
  NF == 2 && $2 + 0 > 0 { at[$1] = $2; next }
  {
    split("", votes); best = 0
    for (i = 1; i + 15 <= length($2); i += 4) {
      word = substr($2, i, 16)
      if (word in at) { place = at[word] - i + 1; if (++votes[place] > votes[best]) best = place }
    }
    if (best > 0) print best, $1, $2
  }`;

/** How often each base was read at each place. */
export const PILE = `
  { for (i = 1; i <= length($3); i++) count[$1 + i - 1 " " substr($3, i, 1)]++ }
  END { for (key in count) print key, count[key] }`;

/** Of the genome and such counts, by place: where more than half of at least five reads differ. */
export const CALL = `
  function tell() { if (sum >= 5 && 2 * most > sum && base != substr(genome, place, 1)) print place, substr(genome, place, 1) ">" base }
  NF == 1 { genome = $1; next }
  $1 != place { tell(); place = $1; sum = most = 0 }
  { sum += $3; if ($3 > most) { most = $3; base = $2 } }
  END { tell() }`;
