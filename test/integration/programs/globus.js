// A command reads a file of Globus and makes another; both go by their collections.
import { bashApp, file, run } from "heddle";

const [from, to] = process.argv.slice(2);
const copies = bashApp("copies", ["cp", "{from}", "{to}"], { outputs: ({ to: made }) => [made] });

await run(async () => {
  const copy = copies({ from: file(from), to: file(to) });
  console.log(String(await copy.outputs[0]));
});
