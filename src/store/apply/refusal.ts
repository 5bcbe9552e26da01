/**
 * How apply says no: an expected outcome as plain data, the same on every replica.
 */
import { type ErrorInfo, type Reason, REASONS } from "../../lib/mod.ts";
import type { Version } from "../../model/mod.ts";

/** Null when an action was carried out (or asked for what already is); else why it was not. */
export type Outcome = ErrorInfo | null;

/** A refusal for `reason`; `message` names the action, the object and the state found. */
export function refuse(reason: Reason, message: string): ErrorInfo {
  const { code, hint }: { code: ErrorInfo["code"]; hint?: string } = REASONS[reason];
  return { code, reason, message, ...(hint && { hint }) };
}

/** Refuses when `row` is no longer at the version that the proposer saw. */
export function refuseOtherVersion(
  doing: string,
  row: { readonly version: Version },
  expected: Version | undefined,
): Outcome {
  if (expected === undefined || expected === row.version) return null;
  return refuse(
    "VERSION_CONFLICT",
    `Cannot ${doing}: it is at version ${row.version}, not ${expected}`,
  );
}
