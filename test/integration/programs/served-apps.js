import { app, context } from "heddle";

export const where = app("where", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { rank: context().rank, pid: process.pid };
});
