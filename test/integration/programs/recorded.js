// What a run writes down, and what it says of failures that nobody looked at.

import { app, bashApp, run, start } from "heddle";

const half = app("half", (n) => {
  if (n % 2 === 1) throw new Error(`${n} is odd`);
  return n / 2;
});
const say = bashApp("say", "echo {0}", { stdout: "auto" });
const [mode, ...rest] = process.argv.slice(2);
const forget = (...numbers) => void numbers.map((n) => half(n));

if (mode === "guest") {
  const engine = await start({ apps: [new URL("guest-apps.js", import.meta.url)] });
  const { third } = await import("./guest-apps.js");
  third(1);
  third(2);
  await engine.wait();
  console.log(engine.runDir);
  await engine.close();
  console.log("closed");
} else {
  await run(
    async (engine) => {
      await Promise.all([2, 4].map((n) => half(n)));
      await half.map([1, 2, 3, 4]).settled();
      await say("hello");
      engine.log.info("halfway", { rest });
      if (mode === "forgets") forget(1, 3, 4);
      if (mode === "throws") {
        forget(1, 3);
        await engine.wait();
        await half(5);
      }
      if (mode === "exits") process.exit(3);
      console.log(engine.runDir);
    },
    { progress: mode === "shows" },
  );
}
