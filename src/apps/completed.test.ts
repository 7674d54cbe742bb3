import { expect, test } from "vitest";
import { HeddleError } from "../errors.ts";
import { AppFuture } from "../futures/future.ts";
import { asCompleted } from "./completed.ts";
import { quote } from "./quote.ts";

function future(index: number): AppFuture<string> {
  const made = new AppFuture<string>("a", index, null);
  made.moved("launched", null);
  return made;
}

test("calls come in the order in which they end, failures among them", async () => {
  const [first, second, third] = [future(0), future(1), future(2)];
  const order: unknown[] = [];
  second.resolve("second", 0);
  for await (const outcome of asCompleted([first, second, third])) {
    order.push(outcome.status === "fulfilled" ? outcome.value : [outcome.index, outcome.reason.code]);
    if (order.length === 1) third.reject(new HeddleError("ERR_TASK_FAILED", "no"));
    if (order.length === 2) first.resolve("first", 0);
  }
  expect(order).toEqual(["second", [2, "ERR_TASK_FAILED"], "first"]);
  for await (const _ of asCompleted([])) throw new Error("there is none");
});

test("what is no call is named at once", () => {
  const call = (): unknown => asCompleted([future(0), Promise.resolve("x") as AppFuture<string>]);
  expect(call).toThrow("asCompleted(): element 1 is ");
});

test("a quoted value is one word of a shell", () => {
  expect(quote("it's $HOME")).toBe("'it'\\''s $HOME'");
  expect(quote(1.5)).toBe("'1.5'");
  expect(() => quote("a\0b")).toThrow("quote(): the value contains a NUL character");
});
