// `slots.js alone|together FOLDER [SLOTS]`: commands that fail if another runs beside them, or that end only when three run at once.
import { bashApp, run } from "heddle";

const alone = bashApp("alone", 'mkdir "$BUSY" && sleep 0.01 && rmdir "$BUSY"', { env: { BUSY: "{folder}/busy" } });
const meet = 'touch "$HERE/$N"; while [ "$(ls "$HERE" | wc -l)" -lt 3 ]; do sleep 0.01; done';
const together = bashApp("together", meet, { env: { HERE: "{folder}", N: "{index}" }, walltime: 60 });

const [, , how, folder, slots] = process.argv;
await run(
  async () => {
    const inputs = (count) => Array(count).fill({ folder });
    await (how === "alone" ? alone.map(inputs(20)) : together.map(inputs(3))).discard();
    console.log("done");
  },
  slots === undefined ? {} : { processSlots: Number(slots) },
);
