// What a program is told by `heddle run`, and what its commands find of that.

import { bashApp, run } from "heddle";

const told = bashApp("told", "echo $HEDDLE_WORKERS $HEDDLE_FLAGS $HEDDLE_CONFIG");

await run(async (engine) => {
  const { stdout } = await told();
  console.log(JSON.stringify({ slots: engine.executors[0].processSlots, stdout }));
});
