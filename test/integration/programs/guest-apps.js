import { app } from "heddle";

export const third = app("third", (n) => {
  if (n % 3 !== 0) throw new Error(`${n} is no multiple of 3`);
  return n / 3;
});
