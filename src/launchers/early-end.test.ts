import { expect, test } from "vitest";
import { abortRequest } from "./early-end.ts";

const hydra = { PMI_FD: "7", MPI_LOCALNRANKS: "2" };

test("a rank of Hydra that fails asks for the end of the job", () => {
  expect(abortRequest(hydra, 3)).toEqual({ fd: 7, text: "cmd=abort exitcode=3\n" });
});

test("a good end, and a process without Hydra, ask for nothing", () => {
  expect(abortRequest(hydra, 0)).toBeNull();
  expect(abortRequest({}, 1)).toBeNull();
  expect(abortRequest({ PMI_FD: "7" }, 1)).toBeNull();
  expect(abortRequest({ ...hydra, PMI_FD: "none" }, 1)).toBeNull();
  expect(abortRequest({ ...hydra, HEDDLE_MPI: "none" }, 1)).toBeNull();
});
