// A task that calls an app with `cache`, twice with the same argument, and makes a map with it.
import { app, run } from "heddle";

const inner = app("inner", (x) => x + 1, { cache: true });
const outer = app("outer", async (x) => {
  const [values] = [await Promise.all([inner(x), inner(x)]), await inner.map([x], { cache: true })];
  return values.join(" ");
});

await run(async () => console.log((await Promise.all([outer(1), outer(2), outer(3)])).join(", ")), { workers: 2 });
