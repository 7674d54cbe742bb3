/**
 * Question: what do the single steps cost, of which everything else is made?
 * Expect:   a crossing into the addon some tens of nanoseconds; to encode or decode a few values some hundred; to find where
 *           each of many encoded values begins (`split`) some tens of nanoseconds a value.
 * Read:     ns for one operation (for `split`, one value), mean of npm's `benchmark`, with its relative margin of error.
 */

import Benchmark from "benchmark";
import { loadBinding } from "../src/native/load.ts";
import { decode, decodeMany, encode, encodeManyShared } from "../src/serialize/codec.ts";
import { print } from "./bench.ts";
import { openNative } from "./native-session.ts";
import { benchOptions } from "./options.ts";

const VALUES = 1_000;

const options = benchOptions();
const binding = loadBinding();
const session = openNative(1);
const record = { id: 17, name: "CC(=O)Oc1ccccc1C(=O)O", mass: 180.159, passed: true };
const encoded = encode(record);
const pairs = Array.from({ length: VALUES }, (_, k) => [k, k + 0.5]);
const many = encodeManyShared(pairs).slice();
const offsets = new Uint32Array(VALUES + 1);

interface Step {
  name: string;
  of: string;
  /** Operations in one call. */
  operations: number;
  call: () => unknown;
  check: () => boolean;
}

const steps: Step[] = [
  {
    name: "crossings",
    of: "hasEvents()",
    operations: 1,
    call: () => session.native.hasEvents(),
    check: () => !session.native.hasEvents(),
  },
  {
    name: "encode",
    of: "an object of four fields",
    operations: 1,
    call: () => encode(record),
    check: () => same(decode(encoded), record),
  },
  {
    name: "decode",
    of: "the same",
    operations: 1,
    call: () => decode(encoded),
    check: () => same(decode(encode(record)), record),
  },
  {
    name: "encode-many",
    of: `${VALUES} pairs of numbers`,
    operations: VALUES,
    call: () => encodeManyShared(pairs),
    check: () => same(decodeMany(encodeManyShared(pairs)), pairs),
  },
  {
    name: "decode-many",
    of: "the same",
    operations: VALUES,
    call: () => decodeMany(many),
    check: () => same(decodeMany(many), pairs),
  },
  {
    name: "split",
    of: "the same",
    operations: VALUES,
    call: () => binding.scan(many, 0, VALUES, offsets),
    check: splitFits,
  },
];

for (const step of steps) {
  if (options.only !== null && options.only !== step.name) continue;
  if (!step.check()) throw new Error(`micro: ${step.name} gives something wrong`);
  const { mean, rme, samples } = time(step);
  print({
    bench: "micro",
    case: step.name,
    ranks: 1,
    workers: 1,
    tasks: step.operations,
    rounds: samples,
    ...(options.smoke ? { smoke: true } : {}),
    of: step.of,
    ns: Number(((1e9 * mean) / step.operations).toPrecision(4)),
    margin_pct: Number(rme.toPrecision(3)),
  });
}
session.native.close(10_000);

function time(step: Step): { mean: number; rme: number; samples: number } {
  const maxTime = options.smoke ? 0.05 : Math.min(2, options.seconds);
  const benchmark = new Benchmark(step.name, step.call, { maxTime, minSamples: options.smoke ? 2 : 20 });
  benchmark.run();
  if (benchmark.error !== undefined) throw benchmark.error;
  return { mean: benchmark.stats.mean, rme: benchmark.stats.rme, samples: benchmark.stats.sample.length };
}

function splitFits(): boolean {
  binding.scan(many, 0, VALUES, offsets);
  return (
    offsets[0] === 0 && offsets[VALUES] === many.length && same(decode(many.subarray(offsets[7], offsets[8])), pairs[7])
  );
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
