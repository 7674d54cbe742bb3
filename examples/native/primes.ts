/**
 * How many primes are there below 100 million? A C function counts those of a block of a million numbers, and native slots
 * call it, with no JavaScript in between. Another gives bytes: the twin primes of the last block.
 *
 *   heddle run examples/native/primes.ts
 *   heddle run -n 4 examples/native/primes.ts 1000
 */
import { nativeApp, range, run } from "heddle";
import { sharedLibrary } from "./build.ts";

const BLOCK = 1_000_000;
/** Published counts of primes below so many blocks. */
const KNOWN: Record<number, bigint> = { 1: 78_498n, 10: 664_579n, 100: 5_761_455n, 1000: 50_847_534n };

const library = sharedLibrary("native/primes.c");
const countPrimes = nativeApp("count_primes", { library, arguments: ["i64"], returns: "u64" });
const twinPrimes = nativeApp("twin_primes", { library, arguments: ["i64"], returns: "bytes" });

await run(async () => {
  const blocks = Number(process.argv[2] ?? 100);
  const began = performance.now();
  const primes = await countPrimes.map(range(blocks), { progress: true }).reduce("sum"); // One number.
  const seconds = (performance.now() - began) / 1_000;
  console.log(`${primes} primes below ${blocks} million`);
  console.error(`${seconds.toFixed(2)} s, ${(blocks / seconds).toFixed(0)} million numbers per second`);
  const known = KNOWN[blocks];
  if (known !== undefined && known !== primes) throw new Error(`there are ${known}`);

  const last = blocks - 1;
  const bytes = await twinPrimes(last); // As the C function wrote them.
  const twins = new Uint32Array(bytes.slice().buffer);
  const largest = last * BLOCK + (twins.at(-1) ?? 0);
  console.log(`${twins.length} pairs of twins within the last million, the largest ${largest} and ${largest + 2}`);
});
