import { afterEach, beforeEach, expect, test, vi } from "vitest";

const before = { ...process.env };
let programEnvironment: typeof import("./flags.ts").programEnvironment;
let tellProgram: typeof import("./flags.ts").tellProgram;

/** As a process of its own would. */
beforeEach(async () => {
  vi.resetModules();
  ({ programEnvironment, tellProgram } = await import("./flags.ts"));
  delete process.env["HEDDLE_WORKERS"];
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

test("what heddle run says is for the program alone: what it starts finds what was there before", () => {
  process.env["HEDDLE_MPI"] = "openmpi";
  tellProgram({ HEDDLE_WORKERS: "3" });
  tellProgram({ HEDDLE_MPI: "mpich" });
  expect(process.env).toMatchObject({ HEDDLE_MPI: "mpich", HEDDLE_WORKERS: "3" });

  const own = { HEDDLE_MPI: "mpich", HEDDLE_WORKERS: "3" };
  expect(programEnvironment()).toMatchObject(own);
  expect(programEnvironment()["HEDDLE_FLAGS"]?.split(",").sort()).toEqual(["HEDDLE_MPI", "HEDDLE_WORKERS"]);
  expect(process.env["HEDDLE_MPI"]).toBe("openmpi");
  expect(process.env).not.toHaveProperty("HEDDLE_WORKERS");
  expect(process.env).not.toHaveProperty("HEDDLE_FLAGS");
  expect(programEnvironment()).toMatchObject(own); // A second start() too.

  process.env["HEDDLE_LOG"] = "debug";
  expect(programEnvironment()).toMatchObject({ ...own, HEDDLE_LOG: "debug" });
});

test("a heddle run inside of another passes on its own flags, not those of the outer one", () => {
  Object.assign(process.env, { HEDDLE_WORKERS: "3", HEDDLE_FLAGS: '{"HEDDLE_WORKERS":null}' });
  tellProgram({ HEDDLE_PROGRESS: "1" });
  expect(process.env).not.toHaveProperty("HEDDLE_WORKERS");
  expect(JSON.parse(process.env["HEDDLE_FLAGS"] as string)).toEqual({ HEDDLE_PROGRESS: null });
});
