/** Why a transfer failed: what libraries say of it ("fetch failed") is seldom the reason, which is among its causes. */

const CAUSES_MAX = 8;

/** The innermost cause of an error, such as "connect ECONNREFUSED 127.0.0.1:80"; where there is none, the error. */
export function innermost(error: unknown, left: number = CAUSES_MAX): unknown {
  if (!(error instanceof Error) || left === 0) return error;
  // Of a host with several addresses: one for each, and no words of its own.
  const next = error instanceof AggregateError && error.errors.length > 0 ? error.errors.at(-1) : error.cause;
  return next instanceof Error ? innermost(next, left - 1) : error;
}
