import { expect, test } from "vitest";
import { placementOf } from "./definition.ts";

const rest = { priority: 0, placement: "anywhere", target: 0, need: null };

test("a target is the only place, a soft one the first", () => {
  expect(placementOf("a", {})).toEqual(rest);
  expect(placementOf("a", { priority: -1_000 })).toEqual({ ...rest, priority: -1_000 });
  expect(placementOf("a", { target: { rank: 3 } })).toEqual({ ...rest, placement: "only", target: 3 });
  expect(placementOf("a", { target: { rank: 0, soft: true } })).toEqual({ ...rest, placement: "first" });
});

test("a target by node is any rank of it", () => {
  expect(placementOf("a", { target: { node: 3 } })).toEqual({ ...rest, placement: "only on node", target: 3 });
  expect(placementOf("a", { target: { node: 3, soft: true } })).toMatchObject({ placement: "first on node" });
});

test("what a map does not say is the app's", () => {
  const app = placementOf("a", { priority: 5, target: { rank: 2, soft: true } });
  expect(placementOf("a", {}, app)).toEqual(app);
  expect(placementOf("a", { priority: 0 }, app)).toEqual({ ...rest, placement: "first", target: 2 });
  expect(placementOf("a", { target: { rank: 1 } }, app)).toEqual({
    ...rest,
    priority: 5,
    placement: "only",
    target: 1,
  });
});

test.each([
  [{ priority: 1.5 }, "priority is 1.5."],
  [{ priority: 1_001 }, "priority is 1001."],
  [{ priority: "high" as never }, 'priority is "high".'],
  [{ target: {} as never }, "target is {"],
  [{ target: 3 as never }, "target is 3."],
  [{ target: null as never }, "target is null."],
  [{ target: { rank: -1 } }, "target is {"],
  [{ target: { rank: 1, soft: 1 as never } }, "target is {"],
])("%j is refused with its value", (options, text) => {
  expect(() => placementOf("a", options)).toThrow(`App "a": ${text}`);
  expect(() => placementOf("a", options)).toThrow("give ");
});
