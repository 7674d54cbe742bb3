// `hosts-file.js RANKS FILE TO`: a file is put onto every host, and read there by every rank.
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { app, broadcast, context, run } from "heddle";

const digest = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");
const read = app("read", (file) => [context().rank, hostname(), digest(file)]);
const remove = app("remove", (folder) => rmSync(folder, { recursive: true, force: true }));

const [, , ranks, file, to] = process.argv;
await run(async () => {
  const all = Array.from({ length: Number(ranks) }, (_, rank) => ({ target: { rank } }));
  const path = await broadcast(file, { to });
  const seen = await Promise.all(all.map((target) => read.map([path], target)));
  await Promise.all(all.map((target) => remove.map([to], target)));
  console.log(JSON.stringify({ right: digest(file), seen: seen.flat() }));
});
