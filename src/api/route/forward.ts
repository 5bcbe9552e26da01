/**
 * Calls that only the leader can serve, served by every manager: the leader's own handler runs, or
 * the call is sent on to it, once.
 *
 * Used by `route_calls.ts`. Request id, cancellation and the leader's errors pass through unchanged.
 * A stream ends with NO_LEADER when leadership moves: its maker begins another one.
 */
import { type Clock, TaskGroup, WarrenError } from "../../lib/mod.ts";
import type { ServedMethod, StreamCall } from "../../rpc/mod.ts";
import type { Consensus } from "../context.ts";
import { type HeldLine, LeaderLine, type LineParts } from "./leader_line.ts";

/** How long a call waits for a leader to be found, in milliseconds: about an election. */
const LEADER_WAIT_MS = 3_000;
/** A change of leader that was not told of is looked for this often, in milliseconds. */
const LOOK_MS = 250;

/** What sending calls on needs. */
export interface ForwardParts extends LineParts {
  readonly clock: Clock;
}

type Handler = ServedMethod["handler"];

/** Sends calls on to the leader. Disposing of it ends its connection. */
export class Forwarder implements Disposable {
  readonly #consensus: Consensus;
  readonly #clock: Clock;
  readonly #line: LeaderLine;

  constructor(parts: ForwardParts) {
    this.#consensus = parts.consensus;
    this.#clock = parts.clock;
    this.#line = new LeaderLine(parts);
  }

  /** The handler of `method` that works at every manager. */
  handlerOf(method: ServedMethod): Handler {
    const { requestStream, responseStream } = method.definition;
    return requestStream || responseStream
      ? (request, call) => this.#stream(method, request, call)
      : (request, call) => this.#unary(method, request, call);
  }

  async #stream(method: ServedMethod, request: unknown, call: StreamCall<unknown>): Promise<void> {
    await this.#untilLed(call);
    if (this.#consensus.isLeader()) return await this.#serveStream(method, request, call);
    if (call.isForwarded) throw notLeading();
    using line = this.#line.take();
    const forward = method.definition.requestStream ? forwardBidi : forwardStream;
    await forward({ method, line, call }, request);
  }

  /** Tries again after NO_LEADER, which means that nothing was done. */
  async #unary(method: ServedMethod, request: unknown, call: StreamCall<unknown>) {
    const deadlineMs = this.#clock.monoNow() + LEADER_WAIT_MS;
    while (true) {
      try {
        if (this.#consensus.isLeader()) return await method.handler(request, call);
        if (call.isForwarded) throw notLeading();
        using line = this.#line.take();
        return await forwardUnary({ method, line, call }, request);
      } catch (error) {
        const isUnled = error instanceof WarrenError && error.reason === "NO_LEADER";
        const isLate = this.#clock.monoNow() >= deadlineMs;
        if (!isUnled || call.isForwarded || isLate) throw error;
        await this.#change(call.signal);
      }
    }
  }

  /** Waits for a leader, within a bound: a stream that then has none says so itself. */
  async #untilLed({ isForwarded, signal }: StreamCall<unknown>): Promise<void> {
    if (isForwarded) return;
    const deadlineMs = this.#clock.monoNow() + LEADER_WAIT_MS;
    while (!this.#isLed() && this.#clock.monoNow() < deadlineMs) await this.#change(signal);
  }

  #isLed(): boolean {
    return this.#consensus.isLeader() || this.#line.leader !== null;
  }

  /** Settles when something is new about the leader, or a moment later. */
  async #change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const changed = Promise.withResolvers<void>();
    const unsubscribe = this.#consensus.onLeaderChange(changed.resolve);
    const cancel = this.#clock.after(LOOK_MS, changed.resolve);
    const onAbort = () => changed.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await changed.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      cancel();
      unsubscribe();
    }
  }

  /** Serves a stream here, for as long as this manager leads. */
  async #serveStream(method: ServedMethod, request: unknown, call: StreamCall<unknown>) {
    const moved = new AbortController();
    const check = () => {
      if (!this.#consensus.isLeader() && !moved.signal.aborted) moved.abort(notLeading());
    };
    const unsubscribe = this.#consensus.onLeaderChange(check);
    try {
      const signal = AbortSignal.any([call.signal, moved.signal]);
      await method.handler(request, { ...call, signal });
      moved.signal.throwIfAborted();
    } finally {
      unsubscribe();
    }
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }
}

/** One call on its way. */
interface Onward {
  readonly method: ServedMethod;
  readonly line: HeldLine;
  readonly call: StreamCall<unknown>;
}

async function forwardUnary({ method, line, call }: Onward, request: unknown): Promise<unknown> {
  const options = { signal: call.signal, requestId: call.requestId, isForwarded: true };
  try {
    return await line.channel.unary(method.definition, request, options);
  } catch (error) {
    throw failureOf(error, line);
  }
}

async function forwardStream({ method, line, call }: Onward, request: unknown): Promise<void> {
  const signal = AbortSignal.any([call.signal, line.moved]);
  const options = { signal, requestId: call.requestId, isForwarded: true };
  try {
    for await (const message of line.channel.serverStream(method.definition, request, options)) {
      await call.write(message);
    }
  } catch (error) {
    throw failureOf(error, line);
  }
}

async function forwardBidi({ method, line, call }: Onward, requests: unknown): Promise<void> {
  const signal = AbortSignal.any([call.signal, line.moved]);
  const options = { signal, requestId: call.requestId, isForwarded: true };
  const onward = line.channel.bidi(method.definition, options);
  const input = iteratorOf(requests);
  await using group = new TaskGroup(() => onward.cancel());
  try {
    group.run("requests sent on", async () => {
      for (let next = await input.next(); !next.done; next = await input.next()) {
        await onward.write(next.value);
      }
      onward.end();
    });
    for await (const message of onward.responses) await call.write(message);
  } catch (error) {
    throw failureOf(error, line);
  } finally {
    await input.return?.();
  }
}

/** The requests of a two-way stream, whose type was erased by `serve`. */
function iteratorOf(requests: unknown): AsyncIterator<unknown> {
  return (requests as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}

/** The leader's own errors stay; that it cannot be reached is not the caller's matter. */
function failureOf(thrown: unknown, { channel, moved }: HeldLine): unknown {
  if (moved.aborted) return moved.reason;
  if (!(thrown instanceof WarrenError) || thrown.reason !== "CLUSTER_UNREACHABLE") return thrown;
  const { cause } = thrown;
  const text = cause instanceof Error ? cause.message : "";
  // A call that was not sent was not carried out; of any other that is not known.
  const isUnsent = /No connection established|Failed to start HTTP\/2 stream/.test(text);
  return isUnsent
    ? new WarrenError("NO_LEADER", `The leader at ${channel.address} cannot be reached`, { cause })
    : new WarrenError("UNKNOWN_OUTCOME", `The leader at ${channel.address} was lost`, { cause });
}

function notLeading(): WarrenError {
  return new WarrenError("NO_LEADER", "This manager does not lead");
}
