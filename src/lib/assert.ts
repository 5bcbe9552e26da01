/**
 * Assertions that stay on in production: a part that finds its own state impossible must stop.
 *
 * A failed assertion is a bug in Warren, not an operating error; it is caught only at the top.
 */

/** Thrown by {@link assert}; nothing but the outermost handler may catch it. */
export class BugError extends Error {
  override name = "BugError";
}

/** Throws {@link BugError} unless `condition` holds. `message` says what must hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(`internal fault: ${message}`);
}

/** Ends a `switch` over a union; a missing branch becomes a type error. */
export function assertNever(value: never, what: string): never {
  throw new BugError(`internal fault: unexpected ${what}: ${JSON.stringify(value)}`);
}
