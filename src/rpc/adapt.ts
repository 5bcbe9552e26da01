/**
 * Adapts plain async handlers to the callbacks and streams of grpc-js.
 *
 * Called by the server for each method of a service. Every thrown thing becomes a status; bytes
 * that cannot be decoded become INVALID_ARGUMENT and never reach a handler.
 */
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { WarrenError } from "../lib/mod.ts";
import type { ServedMethod, StreamCall } from "./handler.ts";
import type { OpenCall } from "./open_call.ts";
import { toServiceError } from "./status.ts";
import { StreamReader } from "./stream_reader.ts";
import { StreamWriter } from "./stream_writer.ts";

/** A decoded message, or why it could not be decoded. */
type Decoded = { readonly value: unknown } | { readonly fault: WarrenError };

/** Runs `work` for a new call; `fail` sends the status of whatever it throws. */
export type RunCall = (
  method: ServedMethod,
  call:
    | Parameters<handleUnaryCall<unknown, unknown>>[0]
    | Parameters<
      handleServerStreamingCall<unknown, unknown>
    >[0]
    | Parameters<handleBidiStreamingCall<unknown, unknown>>[0],
  work: { serve(open: OpenCall): Promise<void>; fail(error: unknown): void },
) => void;

/** The decoder of `method` as one that cannot throw. */
export function safeDecode(method: ServedMethod): (bytes: Buffer) => Decoded {
  return (bytes) => {
    try {
      return { value: method.definition.requestDeserialize(bytes) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { fault: new WarrenError("BAD_REQUEST", `cannot read the request: ${why}`) };
    }
  };
}

/** The grpc-js handler of `method`. */
export function adapt(method: ServedMethod, run: RunCall): UntypedHandleCall {
  const { requestStream, responseStream } = method.definition;
  if (requestStream) return bidi(method, run);
  return responseStream ? serverStream(method, run) : unary(method, run);
}

function unary(method: ServedMethod, run: RunCall): handleUnaryCall<Decoded, unknown> {
  return (call, callback) =>
    run(method, call, {
      async serve(open) {
        const response = await method.handler(opened(call.request), withWriter(open, noStream));
        callback(null, response);
      },
      fail: (error) => callback(toServiceError(error)),
    });
}

function serverStream(
  method: ServedMethod,
  run: RunCall,
): handleServerStreamingCall<Decoded, unknown> {
  return (stream) =>
    run(method, stream, {
      async serve(open) {
        const writer = new StreamWriter<unknown>(stream, open.signal);
        const call = withWriter(open, (message) => writer.write(message));
        await method.handler(opened(stream.request), call);
        open.signal.throwIfAborted();
        stream.end();
      },
      fail: (error) => stream.emit("error", toServiceError(error)),
    });
}

function bidi(method: ServedMethod, run: RunCall): handleBidiStreamingCall<Decoded, unknown> {
  return (stream) =>
    run(method, stream, {
      async serve(open) {
        const reader = new StreamReader(stream, opened);
        open.signal.addEventListener("abort", () => reader.fail(open.signal.reason));
        const writer = new StreamWriter<unknown>(stream, open.signal);
        const call = withWriter(open, (message) => writer.write(message));
        try {
          await method.handler(reader, call);
        } finally {
          await reader.return();
        }
        open.signal.throwIfAborted();
        stream.end();
      },
      fail: (error) => stream.emit("error", toServiceError(error)),
    });
}

function withWriter(
  open: OpenCall,
  write: (message: unknown) => Promise<void>,
): StreamCall<unknown> {
  const { method, peer, requestId, isForwarded, signal } = open;
  return { method, peer, requestId, isForwarded, signal, write };
}

function noStream(): Promise<void> {
  return Promise.reject(new WarrenError("INTERNAL_FAULT", "a single answer cannot be written to"));
}

/** The one place where what {@link safeDecode} made gets its type back. */
function opened(decoded: unknown): unknown {
  const message = decoded as Decoded;
  if ("fault" in message) throw message.fault;
  return message.value;
}
