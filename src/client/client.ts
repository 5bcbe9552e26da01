/**
 * The typed client: one function per method of the API, over one connection.
 *
 * Made by `connect`. A call that never reached a manager is tried again for a moment; one that may
 * have been carried out is never repeated here, since only its caller knows whether that is safe.
 */
import { type Clock, sleep, WarrenError } from "../lib/mod.ts";
import type { CallableMethod, Channel } from "../rpc/mod.ts";
import {
  type CallKind,
  type CallOptions,
  type Calls,
  type ServiceEntry,
  SERVICES,
} from "./methods.ts";

/** A connection to a manager. */
export type Client = Calls & {
  /** As users write it. */
  readonly address: string;
  /** Ends the connection; calls under way fail. Idempotent. */
  close(): void;
};

/** What a client is made with. */
export interface ClientParts {
  readonly channel: Channel;
  readonly clock: Clock;
  /** Patience for one answer, in milliseconds, unless the call says otherwise. */
  readonly timeoutMs: number;
}

/** Waits before a call that did not reach the manager is tried again. */
const RETRY_DELAYS_MS: readonly number[] = [50, 150, 300];

type AnyCall = (input: unknown, options?: CallOptions) => unknown;

/** The client over `parts`. */
export function makeClient(parts: ClientParts): Client {
  const calls: Record<string, AnyCall> = {};
  for (const service of SERVICES) {
    for (const [name, kind] of Object.entries(service.kinds)) {
      calls[name] = MAKERS[kind](parts, () => load(service, name));
    }
  }
  const { channel } = parts;
  const close = () => channel.close();
  return parseCalls({ ...calls, address: channel.address, close });
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
  unary: (parts, method) => async (request, options) => {
    const { channel, clock, timeoutMs } = parts;
    const loaded = await method();
    for (let attempt = 0;; attempt++) {
      try {
        return await channel.unary(loaded, request, { timeoutMs, ...options });
      } catch (error) {
        const delayMs = RETRY_DELAYS_MS[attempt];
        if (delayMs === undefined || !neverArrived(error)) throw error;
        await sleep(clock, delayMs, options?.signal);
      }
    }
  },
  stream: ({ channel }, method) =>
    async function* (request, options) {
      yield* channel.serverStream(await method(), request, options);
    },
  bidi: ({ channel }, method) =>
    async function* (requests, options) {
      const call = channel.bidi(await method(), options);
      const sent = sendAll(requests as AsyncIterable<unknown>, call);
      // Not awaited at the end: the sender may be waiting for a key that is never pressed.
      sent.catch(() => call.cancel());
      yield* call.responses;
    },
};

/** Sends every message; a source that fails ends the call. */
async function sendAll(
  requests: AsyncIterable<unknown>,
  call: { write(request: never): Promise<void>; end(): void },
): Promise<void> {
  for await (const request of requests) await call.write(request as never);
  call.end();
}

/** Nobody listened: the call was not carried out. A socket that is not there will not come soon. */
function neverArrived(error: unknown): boolean {
  if (!(error instanceof WarrenError) || error.reason !== "CLUSTER_UNREACHABLE") return false;
  const { cause } = error;
  const details = cause instanceof Error ? cause.message : "";
  if (/Failed to start HTTP\/2 stream/.test(details)) return true;
  return /No connection established/.test(details) && !/ENOENT|EACCES|ENOTFOUND/.test(details);
}
