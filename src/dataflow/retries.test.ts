import { expect, test } from "vitest";
import { HeddleError, TaskError } from "../errors.ts";
import { ANYWHERE } from "../serialize/registry.ts";
import { elsewhere } from "./retries.ts";

const failedOn = (rank: number | null): TaskError =>
  new TaskError("ERR_TASK_FAILED", "no", null, { app: "a", index: 0, rank, arguments: null });

test("the rank after the one that failed is asked first", () => {
  expect(elsewhere(ANYWHERE, failedOn(1), 3)).toEqual({ placement: "first", target: 2 });
  expect(elsewhere(ANYWHERE, failedOn(2), 3)).toEqual({ placement: "first", target: 0 });
});

test("where there is no other rank, or the user named one, or none is known, nothing changes", () => {
  expect(elsewhere(ANYWHERE, failedOn(0), 1)).toEqual({});
  expect(elsewhere({ ...ANYWHERE, placement: "only", target: 1 }, failedOn(1), 3)).toEqual({});
  expect(elsewhere(ANYWHERE, failedOn(null), 3)).toEqual({});
  expect(elsewhere(ANYWHERE, new HeddleError("ERR_CLOSED", "closed"), 3)).toEqual({});
});
