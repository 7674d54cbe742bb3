// One native app, as the environment says: LIBRARY of each rank (separated by commas), FUNCTION, CALLS at once, SLOTS, ISOLATION.

import { nativeApp, run } from "heddle";

const rank = Number(process.env.PMI_RANK ?? process.env.OMPI_COMM_WORLD_RANK ?? 0);
const libraries = process.env.LIBRARY.split(",");
const { FUNCTION: name, CALLS: calls = "1", SLOTS: slots, ISOLATION: isolation = "none" } = process.env;
const one = nativeApp("one", {
  library: libraries[rank] ?? libraries[0],
  function: name,
  arguments: ["i64"],
  returns: "i64",
  isolation,
});

await run(
  async () => {
    const arguments_ = Array.from({ length: Number(calls) }, () => Number(calls));
    console.log(String(await one.map(arguments_).reduce("sum")));
  },
  slots === undefined ? {} : { nativeSlots: Number(slots) },
);
