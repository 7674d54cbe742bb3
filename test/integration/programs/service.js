// A program of its own that uses Heddle: its main file is never loaded by a worker.
import { start } from "heddle";
import { greet } from "./service-apps.js";

console.error("service loaded");
const options = { apps: [new URL("./service-apps.js", import.meta.url)] };
const engine = await start(options);
console.log(JSON.stringify({ ranks: engine.ranks, greetings: await greet.map(["Ada", "Grace"]) }));
const second = await start(options).catch((error) => error);
console.log(second.code, await greet("first"));
await engine.close();
const again = await start(options).catch((error) => error);
console.log("code" in again ? again.code : await greet("again"));
if (!("code" in again)) await again.close();
console.log("the service goes on");
