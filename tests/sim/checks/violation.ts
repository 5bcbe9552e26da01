/**
 * A broken rule: what the simulator throws, with the name of the rule and when.
 */

/** Thrown by the checkers; `rule` is one of the properties of the study, section 4.10. */
export class Violation extends Error {
  override name = "Violation";

  constructor(readonly rule: string, detail: string, readonly tick = 0) {
    super(`${rule}: ${detail}`);
  }
}

/** Throws a {@link Violation} of `rule` unless `condition` holds. */
export function must(
  condition: unknown,
  rule: string,
  detail: string | (() => string),
): asserts condition {
  if (!condition) throw new Violation(rule, typeof detail === "string" ? detail : detail());
}
