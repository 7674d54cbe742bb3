/** Errors for people: what a program that ends with one prints on standard error. */

import { HeddleError, TaskError } from "../errors.ts";

const CAUSES_MAX = 6;

/** The error as text: code, message with its hint, then the chain of causes with their stacks. */
export function errorReport(error: unknown): string {
  const lines = [head(error)];
  if (!(error instanceof HeddleError) && error instanceof Error) lines.push(stackOf(error));
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && cause !== null && depth < CAUSES_MAX; depth++) {
    lines.push(`caused by ${head(cause)}`);
    if (cause instanceof Error && !(cause instanceof HeddleError)) lines.push(stackOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines.filter((line) => line !== "").join("\n");
}

function head(error: unknown): string {
  if (error instanceof HeddleError) {
    const where = error instanceof TaskError && error.rank !== null ? ` (rank ${error.rank})` : "";
    return `${error.code}${where}: ${error.message}`;
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`;
}

function stackOf(error: Error): string {
  const lines = (error.stack ?? "").split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).join("\n");
}
