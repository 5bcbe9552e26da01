/**
 * Requests to a Docker engine, over dockerode's modem: one answer, a stream, or an upgraded socket.
 *
 * Used by the other files of this folder only. The modem is used without an agent of its own,
 * because it prints its request options for debugging on every call and an agent is large: that
 * alone costs more than the engine's answer. A call that found its connection closed is made again
 * once: every call of a runtime is safe to repeat.
 */
// @ts-types="./dockerode.d.ts"
import Docker, { type DialOptions, type EngineStream } from "dockerode";
import { WarrenError } from "../../../lib/mod.ts";
import { toEngineError } from "./errors.ts";

export type { EngineStream } from "./dockerode.d.ts";

/** A request: `query` and `body` are optional, the answer's status must be 2xx or 304. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** What is being done, for error messages: `start container "web.1"`. */
  readonly doing: string;
  readonly signal?: AbortSignal;
}

/** Talks to one engine. */
export interface EngineClient {
  /** The JSON answer, `undefined` for 404 when `maybe`. @throws WarrenError, see errors.ts */
  call(request: EngineRequest): Promise<unknown>;
  /** As `call`, but an object that is not there gives undefined. */
  find(request: EngineRequest): Promise<unknown | undefined>;
  /** The body as it arrives; ends quietly when the signal aborts. */
  stream(request: EngineRequest): Promise<EngineStream>;
  /** A socket to the other end, for exec. */
  hijack(request: EngineRequest): Promise<EngineStream>;
}

const STATUSES: Readonly<Record<number, true>> = {
  101: true,
  200: true,
  201: true,
  202: true,
  204: true,
  304: true,
};

/**
 * A client of the engine at `address`: `unix:///path` or `tcp://host:port`.
 *
 * @throws WarrenError USAGE for another address
 */
export function connectEngine(address: string): EngineClient {
  const docker = new Docker(engineOptions(address));
  const dial = (options: DialOptions) =>
    new Promise<unknown>((resolve, reject) => {
      docker.modem.dial(options, (error, answer) => error ? reject(error) : resolve(answer));
    });
  const send = async (request: EngineRequest, extra: Partial<DialOptions>): Promise<unknown> => {
    request.signal?.throwIfAborted();
    try {
      return await dialTwice(dial, toDial(request, extra), request.signal);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw toEngineError(error, request.doing, address);
    }
  };
  return {
    call: (request) => send(request, {}),
    async find(request) {
      try {
        return await dialTwice(dial, toDial(request, {}), request.signal);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (statusOf(error) === 404) return undefined;
        throw toEngineError(error, request.doing, address);
      }
    },
    stream: async (request) => await send(request, { isStream: true }) as EngineStream,
    hijack: async (request) =>
      await send(request, { isStream: true, hijack: true, openStdin: true }) as EngineStream,
  };
}

function engineOptions(address: string) {
  const path = engineSocket(address);
  if (path !== undefined) return { socketPath: path };
  const url = URL.parse(address);
  if (url === null || !["tcp:", "http:"].includes(url.protocol) || url.hostname === "") {
    throw new WarrenError("USAGE", `Cannot use the engine at ${JSON.stringify(address)}`, {
      hint: "write --docker-host unix:///path or tcp://HOST:PORT",
    });
  }
  return { protocol: "http" as const, host: url.hostname, port: Number(url.port || 2375) };
}

/** The path of an address that is a Unix socket. */
export function engineSocket(address: string): string | undefined {
  const url = URL.parse(address);
  return url?.protocol === "unix:" && url.pathname !== "" ? url.pathname : undefined;
}

function toDial(request: EngineRequest, extra: Partial<DialOptions>): DialOptions {
  const { method, path, query, body, signal } = request;
  const options = method === "POST" ? { _query: query ?? {}, _body: body ?? {} } : query;
  return {
    path: query ? `${path}?` : path,
    method,
    options,
    statusCodes: STATUSES,
    abortSignal: signal,
    ...extra,
  };
}

async function dialTwice(
  dial: (options: DialOptions) => Promise<unknown>,
  options: DialOptions,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await dial(options);
  } catch (error) {
    if (signal?.aborted || !isBrokenConnection(error)) throw error;
    return await dial(options);
  }
}

function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  return code === "ECONNRESET" || code === "EPIPE" || error.message.includes("socket hang up");
}

/** The HTTP status of an error of the modem, or 0. */
function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return 0;
  return typeof error.statusCode === "number" ? error.statusCode : 0;
}
