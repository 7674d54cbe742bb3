import { expect, test } from "vitest";
import { abortRequest } from "./early-end.ts";

test("a rank of Hydra that fails asks for the end of the job", () => {
  expect(abortRequest({ PMI_FD: "7" }, 3)).toEqual({ fd: 7, text: "cmd=abort exitcode=3\n" });
});

test("a good end, and a process without Hydra, ask for nothing", () => {
  expect(abortRequest({ PMI_FD: "7" }, 0)).toBeNull();
  expect(abortRequest({}, 1)).toBeNull();
  expect(abortRequest({ PMI_FD: "none" }, 1)).toBeNull();
  expect(abortRequest({ PMI_FD: "7", HEDDLE_MPI: "none" }, 1)).toBeNull();
});
