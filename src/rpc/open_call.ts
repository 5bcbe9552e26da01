/**
 * One call while it is served: its signal, its outcome, its metrics and its line in the log.
 *
 * Made by the adaptors for each call. It ends exactly once; no payload is ever logged.
 */
import type { Metadata } from "@grpc/grpc-js";
import {
  type Clock,
  type Code,
  type Log,
  type Metrics,
  type MonoMs,
  WarrenError,
} from "../lib/mod.ts";
import type { RpcCall } from "./handler.ts";
import { isOperating } from "./status.ts";

/** Metadata key of the request id. */
export const REQUEST_ID_KEY = "warren-request-id";

/** Metadata key of a call that a manager sends on to the leader. */
export const FORWARDED_KEY = "warren-forwarded";

/** Where calls report to. */
export class CallMeter {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #requests;
  readonly #duration;

  /** Registers the metric families. */
  constructor(log: Log, clock: Clock, metrics: Metrics) {
    this.#log = log;
    this.#clock = clock;
    this.#requests = metrics.counter({
      name: "warren_api_requests_total",
      help: "Calls of the API by method and outcome.",
      labels: ["method", "status"],
    });
    this.#duration = metrics.histogram({
      name: "warren_api_request_duration_seconds",
      help:
        "Time from the arrival of a call to its answer; streams count for as long as they last.",
      labels: ["method"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
  }

  now(): MonoMs {
    return this.#clock.monoNow();
  }

  /** Counts an ended call; `error` is what it failed with, if it did. */
  ended(call: RpcCall, sinceMs: MonoMs, error: unknown): void {
    const status = error === undefined ? "OK" : codeOf(error);
    const durationMs = this.now() - sinceMs;
    this.#requests.add(1, { method: call.method, status });
    this.#duration.observe(durationMs / 1_000, { method: call.method });
    const fields = { method: call.method, peer: call.peer, status, duration_ms: durationMs };
    if (status !== "INTERNAL") return this.#log.debug("call ended", fields);
    this.#log.error("call failed by an internal fault", { ...fields, error: stackOf(error) });
  }
}

function codeOf(error: unknown): Code {
  return isOperating(error) ? error.code : "INTERNAL";
}

function stackOf(error: unknown): string {
  const root = error instanceof WarrenError && error.cause !== undefined ? error.cause : error;
  return root instanceof Error ? root.stack ?? root.message : String(root);
}

/** What grpc-js gives for every kind of call. */
interface TransportCall {
  readonly metadata: Metadata;
  getPeer(): string;
  on(event: "cancelled", listener: () => void): unknown;
}

/** A call being served. */
export class OpenCall implements RpcCall {
  readonly method: string;
  readonly peer: string;
  readonly requestId: string;
  readonly isForwarded: boolean;
  readonly isStream: boolean;
  readonly #abort = new AbortController();
  readonly #meter: CallMeter;
  readonly #sinceMs: MonoMs;
  #ended = false;

  constructor(method: { name: string; isStream: boolean }, call: TransportCall, meter: CallMeter) {
    this.method = method.name;
    this.isStream = method.isStream;
    const peer = call.getPeer();
    this.peer = peer === "unknown" ? "local" : peer;
    this.requestId = requestIdOf(call.metadata);
    this.isForwarded = call.metadata.get(FORWARDED_KEY).length > 0;
    this.#meter = meter;
    this.#sinceMs = meter.now();
    call.on("cancelled", () => {
      this.abort(new WarrenError("ABORTED_BY_USER", "the caller went away"));
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Aborts the signal with `reason`; nothing happens once the call has ended. */
  abort(reason: WarrenError): void {
    if (!this.#ended && !this.signal.aborted) this.#abort.abort(reason);
  }

  /** Records the outcome; undefined is success. Later calls change nothing. */
  end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#meter.ended(this, this.#sinceMs, error);
  }

  /** What the caller is told: why the call was aborted comes before what its handler made of that. */
  outcome(error: unknown): unknown {
    return this.signal.aborted && !isOperating(error) ? this.signal.reason : error;
  }
}

function requestIdOf(metadata: Metadata): string {
  const [value] = metadata.get(REQUEST_ID_KEY);
  return typeof value === "string" && /^[0-9a-z-]{1,64}$/.test(value) ? value : "";
}
