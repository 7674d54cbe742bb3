import { app } from "heddle";

export const greet = app("greet", (name) => `Hello, ${name}`);
