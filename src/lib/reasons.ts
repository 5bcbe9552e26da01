/**
 * The one table of error reasons: stable words for programs, each with its code and default hint.
 *
 * `rpc/status.ts` maps codes to gRPC, `cli/exit.ts` to exit codes; both derive from here. A new
 * reason is one line here and nothing else.
 */

/** The gRPC canonical codes that Warren uses. */
export type Code =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

interface ReasonRow {
  readonly code: Code;
  readonly hint?: string;
  /** The same call may succeed later without any change. */
  readonly retryable?: true;
}

const rows = {
  ABORTED_BY_USER: { code: "CANCELLED" },
  ALREADY_INITIALISED: { code: "FAILED_PRECONDITION" },
  BAD_REQUEST: { code: "INVALID_ARGUMENT", hint: "correct the named values and try again" },
  BETTER_SURVIVOR: {
    code: "FAILED_PRECONDITION",
    hint: "recover that manager instead, or add --force to lose what only it holds",
  },
  CHANGE_IN_FLIGHT: { code: "FAILED_PRECONDITION", retryable: true },
  CLUSTER_UNREACHABLE: {
    code: "UNAVAILABLE",
    hint: 'start a manager with "warren cluster init", or name one with --host or WARREN_HOST',
    retryable: true,
  },
  COMMAND_FAILED: { code: "UNKNOWN" },
  CONFIG_IN_USE: { code: "FAILED_PRECONDITION", hint: "remove it from the named services first" },
  CONFIG_NAME_TAKEN: { code: "ALREADY_EXISTS", hint: "choose another name, or remove it first" },
  CONFIG_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren config list"' },
  DATA_CORRUPT: { code: "DATA_LOSS" },
  DATA_DIR_IN_USE: {
    code: "FAILED_PRECONDITION",
    hint: "stop the other warren process, or choose another --data-dir",
  },
  DATA_DIR_UNUSABLE: { code: "FAILED_PRECONDITION" },
  DATA_KEY_MISSING: {
    code: "FAILED_PRECONDITION",
    hint: "put keys/data.key back from a backup of the data directory",
  },
  DEADLINE_PASSED: {
    code: "DEADLINE_EXCEEDED",
    hint: "try again, or give it more time with --timeout",
    retryable: true,
  },
  DISK_FULL: {
    code: "RESOURCE_EXHAUSTED",
    hint: "make room on the disk of the data directory; it goes on by itself",
    retryable: true,
  },
  ENGINE_FAILED: { code: "UNKNOWN", retryable: true },
  ENGINE_UNREACHABLE: {
    code: "UNAVAILABLE",
    hint: "start the container engine, or use --runtime process",
    retryable: true,
  },
  ID_TAKEN: { code: "ALREADY_EXISTS" },
  FILE_EXISTS: { code: "ALREADY_EXISTS", hint: "choose another name, or add --force" },
  HEALTH_UNKNOWN: { code: "NOT_FOUND" },
  IMAGE_NOT_FOUND: { code: "NOT_FOUND", hint: "check the image name, or load it on the node" },
  IMAGE_PULL_DENIED: { code: "PERMISSION_DENIED" },
  IMAGE_PULL_FAILED: { code: "UNAVAILABLE", retryable: true },
  INTERNAL_FAULT: { code: "INTERNAL", hint: "this is a bug in Warren: please report it" },
  INVALID_MANIFEST: {
    code: "INVALID_ARGUMENT",
    hint: 'correct the named places, then look with "warren plan" before applying',
  },
  INVALID_SPEC: { code: "INVALID_ARGUMENT", hint: "correct the named fields and try again" },
  NAME_AMBIGUOUS: { code: "INVALID_ARGUMENT", hint: "give more of the id" },
  NO_LEADER: {
    code: "UNAVAILABLE",
    hint:
      'try again in a moment; "warren cluster info" shows the managers, and commands that only ' +
      "look take --stale",
    retryable: true,
  },
  NO_REVISION: { code: "FAILED_PRECONDITION", hint: 'run "warren service history"' },
  NODE_IS_MANAGER: { code: "FAILED_PRECONDITION", hint: "stop its manager first" },
  NODE_NAME_TAKEN: { code: "ALREADY_EXISTS", hint: "choose another with --node-name" },
  NODE_NOT_DOWN: { code: "FAILED_PRECONDITION", hint: "stop it first, or add --force" },
  NODE_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren node list"' },
  NODE_NOT_VOTER: { code: "FAILED_PRECONDITION", hint: 'run "warren cluster info"' },
  NODE_REMOVED: {
    code: "PERMISSION_DENIED",
    hint: "to use the machine again, join with a token and an empty data directory",
  },
  NODE_UNREACHABLE: {
    code: "UNAVAILABLE",
    hint: 'run "warren node list", and try again when the node is back',
    retryable: true,
  },
  NOT_INITIALISED: { code: "FAILED_PRECONDITION", hint: 'run "warren cluster init"' },
  NOT_PERMITTED: { code: "PERMISSION_DENIED" },
  NOT_SETTLED: { code: "DEADLINE_EXCEEDED" },
  OUT_OF_RANGE: { code: "INVALID_ARGUMENT" },
  PORT_IN_USE: { code: "FAILED_PRECONDITION" },
  PROPOSAL_TOO_LARGE: {
    code: "RESOURCE_EXHAUSTED",
    hint: "make the change smaller, or in several parts",
  },
  QUORUM_ALIVE: {
    code: "FAILED_PRECONDITION",
    hint: 'start this manager with "warren daemon": the cluster goes on by itself',
  },
  QUORUM_AT_RISK: {
    code: "FAILED_PRECONDITION",
    hint: "bring managers back or add others first, so that a majority stays",
  },
  REVISION_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren service history"' },
  SECRET_AWAITED: { code: "UNAVAILABLE", retryable: true },
  SECRET_IN_USE: { code: "FAILED_PRECONDITION", hint: "remove it from the named services first" },
  SECRET_NAME_TAKEN: { code: "ALREADY_EXISTS", hint: "choose another name, or remove it first" },
  SECRET_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren secret list"' },
  SECRETS_UNSAFE: { code: "FAILED_PRECONDITION" },
  SERVICE_NAME_TAKEN: {
    code: "ALREADY_EXISTS",
    hint: 'choose another name, or change it with "warren service update"',
  },
  SERVICE_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren service list"' },
  SESSION_REPLACED: { code: "ABORTED" },
  SNAPSHOT_GONE: { code: "NOT_FOUND", retryable: true },
  SNAPSHOT_REFUSED: { code: "FAILED_PRECONDITION", retryable: true },
  STALE_PLAN: { code: "ABORTED", retryable: true },
  STOPPING: { code: "UNAVAILABLE", hint: "try again in a moment", retryable: true },
  TASK_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren task list"' },
  TASK_NOT_RUNNING: { code: "FAILED_PRECONDITION", hint: 'run "warren task list"' },
  TOKEN_REFUSED: {
    code: "UNAUTHENTICATED",
    hint: 'run "warren cluster join-token" on a manager for a valid token',
  },
  TOO_MANY: { code: "RESOURCE_EXHAUSTED", hint: "try again in a moment", retryable: true },
  UNKNOWN_FAULT: { code: "UNKNOWN", hint: "the log of the daemon may say more" },
  UNKNOWN_OUTCOME: {
    code: "UNKNOWN",
    hint: "look whether it was done before trying again",
  },
  UNKNOWN_METHOD: {
    code: "UNIMPLEMENTED",
    hint: "upgrade the older one of the manager and this program",
  },
  UNSEAL_FAILED: { code: "DATA_LOSS" },
  USAGE: { code: "INVALID_ARGUMENT", hint: "add --help to see how it is used" },
  VERSION_CONFLICT: {
    code: "ABORTED",
    hint: "somebody changed it meanwhile: look again, then retry",
    retryable: true,
  },
  VOLUME_IN_USE: { code: "FAILED_PRECONDITION", hint: "remove it from the named services first" },
  VOLUME_NAME_TAKEN: { code: "ALREADY_EXISTS", hint: "choose another name, or remove it first" },
  VOLUME_NOT_FOUND: { code: "NOT_FOUND", hint: 'run "warren volume list"' },
} as const satisfies Record<string, ReasonRow>;

/** A stable word for programs: `SERVICE_NAME_TAKEN`. */
export type Reason = keyof typeof rows;

/** Every reason with its code, default hint and whether a retry may help. */
export const REASONS: Readonly<Record<Reason, ReasonRow>> = rows;

/** Whether `text` is a known reason: the wire may carry one of a newer version. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(rows, text);
}
