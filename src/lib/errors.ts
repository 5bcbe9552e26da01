/**
 * `WarrenError`: the only exception for operating faults (disk, network, engine, user input).
 *
 * Bugs are {@link BugError}; expected outcomes are unions in return types. `WarrenError.from` is
 * the only converter from unknown values.
 */
import { BugError } from "./assert.ts";
import { type Code, type Reason, REASONS } from "./reasons.ts";

/** One fault of a spec or manifest, with the place it was found at. */
export interface FieldFault {
  /** Dotted path: `spec.ports[0].hostPort`; or `FILE:LINE:COLUMN` for manifests. */
  readonly path: string;
  readonly message: string;
}

/** An error as plain data: how it is stored, sent and printed. */
export interface ErrorInfo {
  readonly code: Code;
  readonly reason: Reason;
  /** The action that failed, the object quoted, the state found; no full stop. */
  readonly message: string;
  /** The next command or step. */
  readonly hint?: string;
  readonly faults?: readonly FieldFault[];
}

/** Extra parts of a {@link WarrenError}. */
export interface ErrorExtras {
  readonly hint?: string;
  readonly faults?: readonly FieldFault[];
  readonly cause?: unknown;
}

/** An operating error with a reason for programs and a hint for people. */
export class WarrenError extends Error implements ErrorInfo {
  override name = "WarrenError";
  readonly code: Code;
  readonly reason: Reason;
  readonly hint?: string;
  readonly faults?: readonly FieldFault[];

  /** The code and default hint come from the reason table. */
  constructor(reason: Reason, message: string, extras: ErrorExtras = {}) {
    super(message, { cause: extras.cause });
    const row = REASONS[reason];
    this.reason = reason;
    this.code = row.code;
    const hint = extras.hint ?? row.hint;
    if (hint !== undefined) this.hint = hint;
    if (extras.faults !== undefined) this.faults = extras.faults;
  }

  /** Rebuilds an error from its plain form. */
  static fromInfo(info: ErrorInfo): WarrenError {
    const { hint, faults } = info;
    return new WarrenError(info.reason, info.message, { hint, faults });
  }

  /** Any thrown value as a `WarrenError`; `doing` names the action that failed. */
  static from(thrown: unknown, doing: string): WarrenError {
    if (thrown instanceof WarrenError) return thrown;
    if (thrown instanceof BugError) {
      return new WarrenError("INTERNAL_FAULT", `${doing}: ${thrown.message}`, { cause: thrown });
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new WarrenError("UNKNOWN_FAULT", `${doing}: ${message}`, { cause: thrown });
  }

  /** The plain form, without stack or cause. */
  toInfo(): ErrorInfo {
    const { code, reason, message, hint, faults } = this;
    return { code, reason, message, ...(hint && { hint }), ...(faults && { faults }) };
  }
}

/** Whether a retry of the same call may succeed. */
export function isRetryable(error: unknown): boolean {
  return error instanceof WarrenError && REASONS[error.reason].retryable === true;
}
