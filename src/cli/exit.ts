/**
 * The one mapping from errors to exit codes, derived from the table of reasons. The meaning of each
 * code is part of the contract of the command line.
 */
import type { Code, Reason, WarrenError } from "../lib/mod.ts";

/** Exit codes by meaning. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noCluster: 3,
  notFound: 4,
  conflict: 5,
  notPermitted: 6,
  /** Ended by Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;

const BY_CODE = {
  CANCELLED: EXIT.failed,
  UNKNOWN: EXIT.failed,
  INVALID_ARGUMENT: EXIT.usage,
  DEADLINE_EXCEEDED: EXIT.noCluster,
  NOT_FOUND: EXIT.notFound,
  ALREADY_EXISTS: EXIT.conflict,
  PERMISSION_DENIED: EXIT.notPermitted,
  RESOURCE_EXHAUSTED: EXIT.failed,
  FAILED_PRECONDITION: EXIT.failed,
  ABORTED: EXIT.conflict,
  UNIMPLEMENTED: EXIT.failed,
  INTERNAL: EXIT.failed,
  UNAVAILABLE: EXIT.noCluster,
  DATA_LOSS: EXIT.failed,
  UNAUTHENTICATED: EXIT.notPermitted,
} as const satisfies Record<Code, number>;

/** Where a reason's code says too little. */
const BY_REASON: Readonly<Partial<Record<Reason, number>>> = {
  ABORTED_BY_USER: EXIT.interrupted,
  ALREADY_INITIALISED: EXIT.conflict,
  ENGINE_UNREACHABLE: EXIT.failed,
  IMAGE_NOT_FOUND: EXIT.failed,
  IMAGE_PULL_DENIED: EXIT.failed,
  IMAGE_PULL_FAILED: EXIT.failed,
  NODE_UNREACHABLE: EXIT.failed,
  NOT_SETTLED: EXIT.failed,
  UNKNOWN_OUTCOME: EXIT.noCluster,
};

/** The exit code that says what `error` was. */
export function exitCodeOf(error: WarrenError): number {
  return BY_REASON[error.reason] ?? BY_CODE[error.code];
}

/** An error whose command has another exit code for it than the table. */
export class ExitWith extends Error {
  override name = "ExitWith";
  readonly error: WarrenError;
  readonly exitCode: number;

  constructor(error: WarrenError, exitCode: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.exitCode = exitCode;
  }
}
