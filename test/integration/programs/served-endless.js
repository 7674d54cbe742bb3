// A program that imports the library; its ranks serve until somebody ends one of them.
import { range, start } from "heddle";
import { where } from "./served-apps.js";

const engine = await start({ apps: [new URL("./served-apps.js", import.meta.url)], workers: 1 });
const seen = new Map();
while (seen.size < engine.ranks) {
  for (const { rank, pid } of await where.map(range(0, 20 * engine.ranks))) seen.set(rank, pid);
}
console.log(`ranks ${JSON.stringify(Object.fromEntries(seen))}`);
try {
  for (;;) await where.map(range(0, 20));
} catch (error) {
  console.log(`caught ${error.code}`);
  await engine.close();
}
