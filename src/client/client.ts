/**
 * The typed client: one function per method of the API, over a connection to one of the managers.
 *
 * Made by `connect`. A call that was not carried out is tried again for a moment, at the next manager
 * if there are several. One that may have been is repeated when it reads, or when its request id makes
 * a change count once; a command run in a task never is.
 */
import { type Clock, type IdSource, sleep, WarrenError } from "../lib/mod.ts";
import type { CallableMethod, Channel } from "../rpc/mod.ts";
import {
  type CallKind,
  type CallOptions,
  type Calls,
  type ServiceEntry,
  SERVICES,
} from "./methods.ts";
import type { ChannelPool } from "./pool.ts";
import { failureOf, NO_TRIES, planRetry, type Tries } from "./retry.ts";

/** A client of the managers. */
export type Client = Calls & {
  /** As users write it. */
  readonly address: string;
  /** Ends the connection; calls under way fail. Idempotent. */
  close(): void;
};

/** What a client is made with. */
export interface ClientParts {
  readonly pool: ChannelPool;
  readonly clock: Clock;
  /** Of requests, so that a change that is repeated counts once. */
  readonly ids: IdSource;
  /** Told once per call that it is tried again, for want of a leader or of an answer. */
  readonly onRetry?: (why: WarrenError) => void;
  /** Patience for one answer, in milliseconds, unless the call says otherwise. */
  readonly timeoutMs: number;
}

/** With other managers to ask, one that says nothing is left after this share of the patience. */
const SILENT_SHARE = 6;
/** But not before this many milliseconds. */
const SILENT_LEAST_MS = 2_000;

type AnyCall = (input: unknown, options?: CallOptions) => unknown;

/** The client over `parts`. */
export function makeClient(parts: ClientParts): Client {
  const calls: Record<string, AnyCall> = {};
  for (const service of SERVICES) {
    for (const [name, kind] of Object.entries(service.kinds)) {
      calls[name] = MAKERS[kind](parts, () => load(service, name));
    }
  }
  const { pool } = parts;
  return parseCalls({ ...calls, address: pool.address, close: () => pool.close() });
}

/** Where the table of methods, which the type checker holds complete, becomes the typed client. */
function parseCalls(calls: Readonly<Record<string, unknown>>): Client {
  return calls as Client;
}

async function load(service: ServiceEntry, name: string): Promise<CallableMethod> {
  const method = (await service.load())[name];
  if (!method) throw new WarrenError("UNKNOWN_METHOD", `There is no method ${name}`);
  return method;
}

type MakeCall = (parts: ClientParts, method: () => Promise<CallableMethod>) => AnyCall;

const MAKERS: Readonly<Record<CallKind, MakeCall>> = {
  read: (parts, method) => (request, options) => unary(parts, method, { request, options }),
  change: ({ ids, ...parts }, method) => (request, options) => {
    const once = { requestId: ids.next(), ...options };
    return unary({ ...parts, ids }, method, { request, options: once });
  },
  once: (parts, method) => (request, options) => {
    return unary(parts, method, { request, options, isOnce: true });
  },
  stream: (parts, method) => (request, options) => stream(parts, method, { request, options }),
  bidi: (parts, method) =>
    async function* (requests, options) {
      const { pool } = parts;
      if (pool.size > 1) await findManager(parts, options);
      const call = pool.current.bidi(await method(), options);
      const sent = sendAll(requests as AsyncIterable<unknown>, call);
      // Not awaited at the end: the sender may be waiting for a key that is never pressed.
      sent.catch(() => call.cancel());
      yield* call.responses;
    },
};

interface OneCall {
  readonly request: unknown;
  readonly options: CallOptions | undefined;
  /** Not repeated when it may have been carried out. */
  readonly isOnce?: true;
}

async function unary(
  parts: ClientParts,
  method: () => Promise<CallableMethod>,
  { request, options, isOnce }: OneCall,
): Promise<unknown> {
  const loaded = await method();
  const tries = new Attempts(parts, options, isOnce !== true);
  while (true) {
    const channel = parts.pool.current;
    const { timeoutMs, isCut } = tries.patience();
    try {
      return await channel.unary(loaded, request, { ...options, timeoutMs });
    } catch (error) {
      await tries.failed(channel, error, isCut);
    }
  }
}

/** A stream that gave something is not begun again: its reader knows where it was. */
async function* stream(
  parts: ClientParts,
  method: () => Promise<CallableMethod>,
  { request, options }: OneCall,
): AsyncGenerator<unknown> {
  const loaded = await method();
  const tries = new Attempts(parts, options, true);
  for (let hasBegun = false;;) {
    const channel = parts.pool.current;
    try {
      for await (const message of channel.serverStream(loaded, request, options)) {
        hasBegun = true;
        yield message;
      }
      return;
    } catch (error) {
      if (hasBegun) throw error;
      await tries.failed(channel, error, false);
    }
  }
}

/** Makes somebody who answers the current one: what follows can be sent once only. */
async function findManager(parts: ClientParts, options: CallOptions | undefined): Promise<void> {
  const { ClusterServiceService } = await import("../rpc/gen/warren/v1/cluster.ts");
  const method = () => Promise.resolve(ClusterServiceService.getClusterInfo);
  await unary(parts, method, { request: { stale: true }, options: { signal: options?.signal } });
}

/** The tries of one call: how patient each is, and whether there is another one. */
class Attempts {
  readonly #parts: ClientParts;
  readonly #options: CallOptions | undefined;
  readonly #isRepeatable: boolean;
  readonly #startMs: number;
  #tries: Tries = NO_TRIES;
  #hasTold = false;

  constructor(parts: ClientParts, options: CallOptions | undefined, isRepeatable: boolean) {
    this.#parts = parts;
    this.#options = options;
    this.#isRepeatable = isRepeatable;
    this.#startMs = parts.clock.monoNow();
  }

  get #sinceMs(): number {
    return this.#parts.clock.monoNow() - this.#startMs;
  }

  /** Milliseconds for the next try; `isCut` when others are asked before the call gives up. */
  patience(): { readonly timeoutMs: number; readonly isCut: boolean } {
    const wholeMs = this.#options?.timeoutMs ?? this.#parts.timeoutMs;
    const leftMs = Math.max(1, wholeMs - this.#sinceMs);
    const shareMs = Math.max(SILENT_LEAST_MS, wholeMs / SILENT_SHARE);
    const isCut = this.#isRepeatable && this.#parts.pool.size > 1 && shareMs < leftMs;
    return { timeoutMs: isCut ? shareMs : leftMs, isCut };
  }

  /** Waits before the next try. @throws `error` when there is none */
  async failed(channel: Channel, error: unknown, isCut: boolean): Promise<void> {
    const { pool, clock, onRetry } = this.#parts;
    const isSilent = isCut && error instanceof WarrenError && error.reason === "DEADLINE_PASSED";
    const failure = isSilent ? "refused" : failureOf(error, this.#isRepeatable);
    const limits = { addresses: pool.size, sinceMs: this.#sinceMs };
    const { tries, waitMs } = planRetry(this.#tries, failure, limits);
    this.#tries = tries;
    if (waitMs === null || this.#sinceMs + waitMs >= this.#wholeMs) throw this.#last(error);
    pool.leave(channel);
    if (!this.#hasTold && tries.unled > 0 && error instanceof WarrenError) {
      this.#hasTold = true;
      onRetry?.(error);
    }
    if (waitMs > 0) await sleep(clock, waitMs, this.#options?.signal);
  }

  get #wholeMs(): number {
    return this.#options?.timeoutMs ?? this.#parts.timeoutMs;
  }

  /** Of several managers none was reached: the last one's address would say too little. */
  #last(error: unknown): unknown {
    const { pool } = this.#parts;
    const isUnreached = error instanceof WarrenError && error.reason === "CLUSTER_UNREACHABLE";
    if (!isUnreached || pool.size === 1) return error;
    const message = `cannot reach any manager at ${pool.address}: ${error.message}`;
    return new WarrenError("CLUSTER_UNREACHABLE", message, { cause: error.cause });
  }
}

/** Sends every message; a source that fails ends the call. */
async function sendAll(
  requests: AsyncIterable<unknown>,
  call: { write(request: never): Promise<void>; end(): void },
): Promise<void> {
  for await (const request of requests) await call.write(request as never);
  call.end();
}
