/**
 * The one mapping between `WarrenError` and a gRPC status, both ways.
 *
 * The server calls `toServiceError`, the channel `fromServiceError`. Reason, hint and faults travel
 * as bounded JSON in trailing metadata, so that nothing is guessed from text. A bug never leaves
 * the process as more than "internal fault": its stack belongs in the log.
 */
import { Metadata, type ServiceError } from "@grpc/grpc-js";
import { type Code, type FieldFault, isReason, type Reason, WarrenError } from "../lib/mod.ts";

/** The number that each code has on the wire. */
export const GRPC_CODES = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const satisfies Record<Code, number>;

/** The reason given to an error of another maker, or of the transport, that has only a code. */
const REASON_OF_CODE = {
  CANCELLED: "ABORTED_BY_USER",
  UNKNOWN: "UNKNOWN_FAULT",
  INVALID_ARGUMENT: "BAD_REQUEST",
  DEADLINE_EXCEEDED: "DEADLINE_PASSED",
  NOT_FOUND: "UNKNOWN_FAULT",
  ALREADY_EXISTS: "UNKNOWN_FAULT",
  PERMISSION_DENIED: "NOT_PERMITTED",
  RESOURCE_EXHAUSTED: "TOO_MANY",
  FAILED_PRECONDITION: "UNKNOWN_FAULT",
  ABORTED: "VERSION_CONFLICT",
  UNIMPLEMENTED: "UNKNOWN_METHOD",
  INTERNAL: "UNKNOWN_FAULT",
  UNAVAILABLE: "CLUSTER_UNREACHABLE",
  DATA_LOSS: "DATA_CORRUPT",
  UNAUTHENTICATED: "NOT_PERMITTED",
} as const satisfies Record<Code, Reason>;

/** Trailing metadata key of the details. */
const DETAILS_KEY = "warren-error-bin";

/** Bounds of what an error may carry; beyond them text is cut and faults are counted. */
export const ERROR_LIMITS = { messageChars: 2_000, detailsBytes: 10_000 } as const;

/** A status as grpc-js takes it from a handler. */
export type StatusError = Error & {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
};

/** `error` as a status. Whatever is not a `WarrenError` is sent as an internal fault, without text. */
export function toServiceError(error: unknown): StatusError {
  const sent = isOperating(error) ? error : new WarrenError(
    "INTERNAL_FAULT",
    "internal fault: the daemon's log has the details",
  );
  const details = cut(sent.message.toWellFormed(), ERROR_LIMITS.messageChars);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeDetails(sent));
  return Object.assign(new Error(details), { code: GRPC_CODES[sent.code], details, metadata });
}

/** Whether `error` may be shown to the caller; anything else is a bug of ours. */
export function isOperating(error: unknown): error is WarrenError {
  return error instanceof WarrenError && error.reason !== "INTERNAL_FAULT";
}

interface WireDetails {
  readonly reason: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly faults: readonly FieldFault[];
}

function encodeDetails(error: WarrenError): Buffer {
  const hint = error.hint === undefined ? undefined : cut(error.hint, 500);
  const message = cut(error.message.toWellFormed(), ERROR_LIMITS.messageChars);
  const base = { reason: error.reason, message, hint };
  const faults: FieldFault[] = [];
  let room = ERROR_LIMITS.detailsBytes - Buffer.byteLength(JSON.stringify(base)) - 200;
  const all = error.faults ?? [];
  for (const fault of all) {
    const short = { path: cut(fault.path, 200), message: cut(fault.message, 500) };
    room -= Buffer.byteLength(JSON.stringify(short)) + 1;
    if (room < 0) {
      faults.push({ path: "", message: `${all.length - faults.length} more faults` });
      break;
    }
    faults.push(short);
  }
  return Buffer.from(JSON.stringify({ ...base, faults }), "utf8");
}

/** A failed call as a `WarrenError`; `address` is named when nobody answered there. */
export function fromServiceError(error: ServiceError, address: string): WarrenError {
  const details = decodeDetails(error);
  const code = codeOfNumber(error.code);
  if (details && isReason(details.reason)) {
    const { reason, message, hint, faults } = details;
    return new WarrenError(reason, message, { hint, ...(faults.length > 0 && { faults }) });
  }
  const reason = reasonOf(code, error.details);
  if (details) return new WarrenError(reason, details.message, { hint: details.hint });
  return new WarrenError(reason, describe(reason, error, address), { cause: error });
}

/** The reason of a failure of the transport: where its code says too little, its text decides. */
function reasonOf(code: Code, details: string): Reason {
  if (code === "RESOURCE_EXHAUSTED" && /larger than max/.test(details)) return "PROPOSAL_TOO_LARGE";
  const isLost = NOT_SENT.test(details) || CUT_SHORT.test(details);
  if (code === "INTERNAL" && isLost) return "CLUSTER_UNREACHABLE";
  return REASON_OF_CODE[code];
}

/** The other side said goodbye on the connection before the call was sent on it. */
const NOT_SENT = /^Failed to start HTTP\/2 stream/;

/** The connection broke while the call was written: it may have arrived, or not. */
const CUT_SHORT = /internal client error: (?:write|read) E(?:PIPE|CONNRESET)/;

function describe(reason: Reason, error: ServiceError, address: string): string {
  switch (reason) {
    case "CLUSTER_UNREACHABLE":
      return `cannot reach a manager at ${address}: ${causeOf(error.details)}`;
    case "DEADLINE_PASSED":
      return `the manager at ${address} did not answer in time`;
    case "ABORTED_BY_USER":
      return "the call was cancelled";
    default:
      return error.details || error.message;
  }
}

/** The transport's own words without its preamble and internal notes. */
function causeOf(details: string): string {
  if (NOT_SENT.test(details)) return "it is closing its connections";
  const last = /Last error: (?:Error: )?(.+?)(?:\. Resolution note:.*)?$/s.exec(details)?.[1];
  return (last ?? details) || "no connection";
}

function decodeDetails(error: ServiceError): WireDetails | undefined {
  const [bytes] = error.metadata?.get(DETAILS_KEY) ?? [];
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    return parseDetails(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // Not ours after all: the code and text of the status are used instead.
    return undefined;
  }
}

function parseDetails(value: unknown): WireDetails | undefined {
  if (!isRecord(value)) return undefined;
  const { reason, message, hint, faults } = value;
  if (typeof reason !== "string" || typeof message !== "string") return undefined;
  const list = Array.isArray(faults) ? faults.filter(isRecord) : [];
  return {
    reason,
    message,
    hint: typeof hint === "string" ? hint : undefined,
    faults: list.map((one) => ({ path: String(one.path), message: String(one.message) })),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The code that has this number; UNKNOWN for numbers that Warren does not use. */
export function codeOfNumber(number: number): Code {
  if (number === 11) return "INVALID_ARGUMENT";
  for (const code of Object.keys(GRPC_CODES)) {
    if (isCode(code) && GRPC_CODES[code] === number) return code;
  }
  return "UNKNOWN";
}

function isCode(text: string): text is Code {
  return Object.hasOwn(GRPC_CODES, text);
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1).toWellFormed()}…`;
}
