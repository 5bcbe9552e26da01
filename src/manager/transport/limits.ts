/**
 * The numbers of the transport, in one place.
 *
 * Given to `openGrpcTransport` in part by tests and by whoever tunes; nothing else is configurable.
 */
import type { Backoff } from "../../lib/mod.ts";

/** Bounds and times of one member's connections. */
export interface TransportLimits {
  /** Control messages that wait for one peer; beyond it the oldest is dropped. */
  readonly controlMessages: number;
  /** The same while there is no connection: what is older would only be noise by then. */
  readonly controlMessagesDown: number;
  /** Append messages that wait for one peer; beyond it the newest is dropped. */
  readonly appendMessages: number;
  /** About how many bytes of appends wait for one peer. */
  readonly appendBytes: number;
  /** A frame ends before the message that would make it larger, unless it is the first. */
  readonly frameBytes: number;
  /** Frames on each stream that were written and have not left yet. */
  readonly framesInFlight: number;
  /** Largest gRPC message that is taken. */
  readonly receiveBytes: number;
  /** Time for dialling and the hello. */
  readonly helloTimeoutMs: number;
  /** A frame is acknowledged within this time after it came. */
  readonly ackDelayMs: number;
  /** A connection without an acknowledgement for so long, while one is due, is broken. */
  readonly ackTimeoutMs: number;
  /** Between two attempts; counted from the start of the attempt. */
  readonly reconnect: Backoff;
  /** Bytes of one chunk of a snapshot. */
  readonly chunkBytes: number;
  /** Chunks that were sent and are not acknowledged yet. */
  readonly chunkWindow: number;
  /** Bytes of snapshots each second, for each peer. */
  readonly snapshotBytesPerSecond: number;
  /** How long `stop` waits for what is queued. */
  readonly stopGraceMs: number;
}

/** What is used unless told otherwise. */
export const DEFAULT_TRANSPORT_LIMITS: TransportLimits = {
  controlMessages: 1_024,
  controlMessagesDown: 16,
  appendMessages: 512,
  appendBytes: 8 * 1024 * 1024,
  frameBytes: 1024 * 1024,
  framesInFlight: 2,
  receiveBytes: 16 * 1024 * 1024,
  helloTimeoutMs: 1_000,
  ackDelayMs: 50,
  ackTimeoutMs: 1_000,
  reconnect: { initialMs: 50, maxMs: 1_000, factor: 2, jitter: 0.5 },
  chunkBytes: 256 * 1024,
  chunkWindow: 4,
  snapshotBytesPerSecond: 64 * 1024 * 1024,
  stopGraceMs: 500,
};
