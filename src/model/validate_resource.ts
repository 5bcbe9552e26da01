/**
 * Faults of names, labels, secrets, configs and volumes. Pure; called by the API and the manifest planner.
 */
import type { FieldFault } from "../lib/mod.ts";

/** Every fault of a name of a secret, config or volume. */
export function validateName(path: string, name: string): readonly FieldFault[] {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/.test(name)
    ? []
    : [{ path, message: "must be 1 to 64 letters, digits, _, . or -, beginning with one of the first two" }];
}
