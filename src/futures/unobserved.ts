/** Failures that nobody has looked at: kept, so that the end of a run can report what would else be silent. */

const failures = new Map<object, unknown>();

/** `owner` failed and nobody waits for it. */
export function addUnobserved(owner: object, error: unknown): void {
  failures.set(owner, error);
}

/** Somebody looks at `owner` after all. */
export function removeUnobserved(owner: object): void {
  failures.delete(owner);
}

/** Takes all, oldest first. */
export function takeUnobserved(): unknown[] {
  const taken = [...failures.values()];
  failures.clear();
  return taken;
}
