/**
 * The client side of a connection: calls as promises and async iterables, errors as `WarrenError`.
 *
 * Used by `client/` and by agents. It dials lazily, keeps one connection and reconnects by itself;
 * it repeats no call: whoever knows whether a call may be repeated does that.
 */
import "./quiet.ts";
import "./session_end.ts";
import {
  type CallOptions,
  Client,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { WarrenError } from "../lib/mod.ts";
import { formatAddress, grpcTarget, type RpcAddress } from "./address.ts";
import type { RequestOf, ResponseOf } from "./handler.ts";
import { FORWARDED_KEY, REQUEST_ID_KEY } from "./open_call.ts";
import { fromServiceError } from "./status.ts";
import { StreamReader } from "./stream_reader.ts";
import { StreamWriter } from "./stream_writer.ts";

/** Options of one call. */
export interface ChannelCallOptions {
  /** Cancels the call; it then fails with ABORTED_BY_USER. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with DEADLINE_PASSED; none for no limit. */
  readonly timeoutMs?: number;
  /** Makes a repeated call count once. */
  readonly requestId?: string;
  /** Set by a manager that sends a call on to the leader. */
  readonly isForwarded?: boolean;
}

/** The parts of a generated method that a caller needs. */
export interface CallableMethod {
  readonly path: string;
  // deno-lint-ignore no-explicit-any
  requestSerialize(value: any): Buffer;
  requestDeserialize(value: Buffer): unknown;
  responseDeserialize(value: Buffer): unknown;
}

/** A two-way stream seen from the caller. */
export interface BidiCall<Request, Response> {
  /** The answers; leaving the loop cancels the call. @throws WarrenError */
  readonly responses: AsyncIterable<Response>;
  /** Sends one message; settles when there is room for more. @throws WarrenError once ended. */
  write(request: Request): Promise<void>;
  /** Says that no more requests come; answers may still arrive. */
  end(): void;
  /** Gives the call up at once. */
  cancel(): void;
}

/** A two-way stream for senders that bound by themselves what is under way. */
export interface MeteredCall<Request, Response> extends BidiCall<Request, Response> {
  /**
   * Sends one message; `onSent` is called when it has left for the connection, and not at all when
   * the call ends before.
   */
  send(request: Request, onSent: () => void): void;
}

/** One connection to a manager. */
export interface Channel {
  /** As written by users. */
  readonly address: string;
  /** @throws WarrenError: what the server said, CLUSTER_UNREACHABLE, DEADLINE_PASSED. */
  unary<Method extends CallableMethod>(
    method: Method,
    request: RequestOf<Method>,
    options?: ChannelCallOptions,
  ): Promise<ResponseOf<Method>>;
  /** The call starts with the first step of the loop; leaving the loop cancels it. */
  serverStream<Method extends CallableMethod>(
    method: Method,
    request: RequestOf<Method>,
    options?: ChannelCallOptions,
  ): AsyncIterable<ResponseOf<Method>>;
  bidi<Method extends CallableMethod>(
    method: Method,
    options?: ChannelCallOptions,
  ): MeteredCall<RequestOf<Method>, ResponseOf<Method>>;
  /** Ends the connection; calls under way fail. */
  close(): void;
  /**
   * The same, and settles when nothing is left of a dial that was under way: at most 300 ms later,
   * and twice the last backoff.
   */
  abandon(): Promise<void>;
}

/** Largest answer that is accepted. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** Wait before a broken connection is dialled again, at first. */
const FIRST_BACKOFF_MS = 100;
/** The same, when it was refused again and again. */
const LAST_BACKOFF_MS = 5_000;
/** Backoff of a channel that is alone: none, but the library wants one. */
const LONE_BACKOFF_MS = 1;
/** The library tries the next address of a name after 250 ms. */
const DIAL_MS = 300;

/** What a channel may be told. */
export interface ChannelOptions {
  /**
   * Shares its connection with no other channel to the same address, and is closed by its owner
   * when that connection breaks.
   */
  readonly isAlone?: boolean;
  /** Longest wait before a broken connection is dialled again, in milliseconds; 5000 unless told. */
  readonly lastBackoffMs?: number;
}

/** A channel to `address`; nothing is dialled before the first call. */
export function openChannel(address: RpcAddress, options: ChannelOptions = {}): Channel {
  return new GrpcChannel(address, options);
}

class GrpcChannel implements Channel {
  readonly address: string;
  readonly #client: Client;
  readonly #lastBackoffMs: number;

  constructor(address: RpcAddress, { isAlone = false, lastBackoffMs }: ChannelOptions) {
    this.address = formatAddress(address);
    // Whoever has a channel alone makes another one instead of waiting for this one.
    this.#lastBackoffMs = lastBackoffMs ?? (isAlone ? LONE_BACKOFF_MS : LAST_BACKOFF_MS);
    this.#client = new Client(grpcTarget(address), credentials.createInsecure(), {
      "grpc.max_receive_message_length": MAX_RESPONSE_BYTES,
      "grpc.initial_reconnect_backoff_ms": Math.min(FIRST_BACKOFF_MS, this.#lastBackoffMs),
      "grpc.max_reconnect_backoff_ms": this.#lastBackoffMs,
      "grpc.enable_retries": 0,
      "grpc.enable_http_proxy": 0,
      "grpc.enable_channelz": 0,
      "grpc.service_config_disable_resolution": 1,
      "grpc.use_local_subchannel_pool": isAlone ? 1 : 0,
      ...(address.kind === "tcp" && {
        "grpc.keepalive_time_ms": 20_000,
        "grpc.keepalive_timeout_ms": 10_000,
      }),
    });
  }

  unary<Method extends CallableMethod>(
    method: Method,
    request: RequestOf<Method>,
    options: ChannelCallOptions = {},
  ): Promise<ResponseOf<Method>> {
    if (options.signal?.aborted) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        (value: RequestOf<Method>) => method.requestSerialize(value),
        decoderOf(method),
        request,
        metadataOf(options),
        callOptions(options),
        (error, response) => {
          options.signal?.removeEventListener("abort", onAbort);
          if (error) reject(fromServiceError(error, this.address));
          else if (response === undefined) reject(noAnswer(method));
          else resolve(response);
        },
      );
      const onAbort = () => call.cancel();
      options.signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  async *serverStream<Method extends CallableMethod>(
    method: Method,
    request: RequestOf<Method>,
    options: ChannelCallOptions = {},
  ): AsyncGenerator<ResponseOf<Method>> {
    if (options.signal?.aborted) throw cancelled();
    const stream = this.#client.makeServerStreamRequest(
      method.path,
      (value: RequestOf<Method>) => method.requestSerialize(value),
      decoderOf(method),
      request,
      metadataOf(options),
      callOptions(options),
    );
    const reader = new StreamReader(stream, (message) => message as ResponseOf<Method>);
    const onAbort = () => stream.cancel();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      for await (const message of reader) yield message;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
      stream.cancel();
    }
  }

  bidi<Method extends CallableMethod>(
    method: Method,
    options: ChannelCallOptions = {},
  ): MeteredCall<RequestOf<Method>, ResponseOf<Method>> {
    const stream = this.#client.makeBidiStreamRequest(
      method.path,
      (value: RequestOf<Method>) => method.requestSerialize(value),
      decoderOf(method),
      metadataOf(options),
      callOptions(options),
    );
    const reader = new StreamReader(stream, (message) => message as ResponseOf<Method>);
    const ended = new AbortController();
    const cancel = () => stream.cancel();
    const finish = (error: WarrenError) => {
      options.signal?.removeEventListener("abort", cancel);
      ended.abort(error);
    };
    stream.on("error", (error) => finish(this.#failure(error)));
    stream.on("end", () => finish(new WarrenError("ABORTED_BY_USER", "the call has ended")));
    options.signal?.addEventListener("abort", cancel, { once: true });
    if (options.signal?.aborted) cancel();
    const writer = new StreamWriter<RequestOf<Method>>(stream, ended.signal);
    return {
      responses: this.#responses<Method>(reader, cancel),
      write: (request) => writer.write(request),
      send(request, onSent) {
        if (ended.signal.aborted) return;
        stream.write(request, () => {
          if (!ended.signal.aborted) onSent();
        });
      },
      end: () => void stream.end(),
      cancel,
    };
  }

  async *#responses<Method>(
    reader: StreamReader<ResponseOf<Method>>,
    cancel: () => void,
  ): AsyncGenerator<ResponseOf<Method>> {
    try {
      for await (const message of reader) yield message;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      cancel();
    }
  }

  #failure(error: unknown): WarrenError {
    return isServiceError(error)
      ? fromServiceError(error, this.address)
      : WarrenError.from(error, "the call failed");
  }

  close(): void {
    this.#client.close();
  }

  async abandon(): Promise<void> {
    const channel = this.#client.getChannel();
    const { CONNECTING } = connectivityState;
    if (channel.getConnectivityState(false) === CONNECTING) {
      // Closed while it dials, the library would leave a timer behind.
      await new Promise<void>((resolve) => {
        channel.watchConnectivityState(CONNECTING, Date.now() + DIAL_MS, () => resolve());
      });
    }
    this.#client.close();
    // The library lets the backoff of a connection run out, also when nothing is left to connect.
    await new Promise<void>((resolve) => setTimeout(resolve, 2 * this.#lastBackoffMs));
  }
}

/** The one place where decoded bytes get the type of their method. */
function decoderOf<Method extends CallableMethod>(
  method: Method,
): (bytes: Buffer) => ResponseOf<Method> {
  return (bytes) => method.responseDeserialize(bytes) as ResponseOf<Method>;
}

function metadataOf(options: ChannelCallOptions): Metadata {
  const metadata = new Metadata();
  if (options.requestId) metadata.set(REQUEST_ID_KEY, options.requestId);
  if (options.isForwarded) metadata.set(FORWARDED_KEY, "1");
  return metadata;
}

function callOptions({ timeoutMs }: ChannelCallOptions): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number";
}

function cancelled(): WarrenError {
  return new WarrenError("ABORTED_BY_USER", "the call was cancelled");
}

function noAnswer(method: CallableMethod): WarrenError {
  return new WarrenError("UNKNOWN_FAULT", `${method.path} was answered with nothing`);
}
